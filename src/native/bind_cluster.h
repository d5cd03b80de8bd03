#pragma once

#include <napi.h>

namespace millrace {

// @brief Adds `cluster`, an object of functions, to the addon's exports. @locality JavaScript's thread
void bind_cluster(Napi::Env env, Napi::Object exports);

}  // namespace millrace
