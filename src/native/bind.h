// The layer to JavaScript, a file a concern: checks numbers and ranges, calls the channel, copies results into typed
// arrays. All functions run on the calling environment's thread.
#pragma once

#include <napi.h>

namespace millrace {

void bind_ceiling(Napi::Env env, Napi::Object exports);
void bind_channel(Napi::Env env, Napi::Object exports);
void bind_cluster(Napi::Env env, Napi::Object exports);
void bind_histogram(Napi::Env env, Napi::Object exports);
void bind_kafka(Napi::Env env, Napi::Object exports);
void bind_offers(Napi::Env env, Napi::Object exports);
void bind_results(Napi::Env env, Napi::Object exports);

// @brief Throws a TypeError: a call that our own JavaScript never makes.
inline Napi::Value fail(Napi::Env env, const char *why) {
  Napi::TypeError::New(env, why).ThrowAsJavaScriptException();
  return env.Undefined();
}

template <typename Function>
void expose(Napi::Env env, Napi::Object exports, const char *name, Function function) {
  exports.Set(name, Napi::Function::New(env, function, name));
}

}  // namespace millrace
