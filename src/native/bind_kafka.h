// The layer to JavaScript of kafka.h.
#pragma once

#include <napi.h>

namespace millrace {

// @brief librdkafka() -> {running, compiledFor}, versions as text; throws an Error with the reason where the librdkafka
// of this process is missing or will not do. @locality JavaScript's thread
Napi::Value Librdkafka(const Napi::CallbackInfo &info);

}  // namespace millrace
