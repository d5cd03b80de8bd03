// The ceiling's functions for JavaScript.
#pragma once

#include <napi.h>

namespace millrace {

void init_ceiling(Napi::Env env, Napi::Object exports);

}  // namespace millrace
