// The layer to JavaScript, a file a concern: checks numbers and ranges, calls the channel, copies results into typed
// arrays. All functions run on the calling environment's thread.
#pragma once

#include <napi.h>

namespace millrace {

void bind_channel(Napi::Env env, Napi::Object exports);
void bind_offers(Napi::Env env, Napi::Object exports);
void bind_results(Napi::Env env, Napi::Object exports);

// @brief Throws a TypeError: a call that our own JavaScript never makes.
inline Napi::Value fail(Napi::Env env, const char *why) {
  Napi::TypeError::New(env, why).ThrowAsJavaScriptException();
  return env.Undefined();
}

// @brief Whether a value is `true`. Not by conversion, which fails in a thread that is being terminated; what
// node-addon-api makes of that ends the process.
inline bool is_true(const Napi::Value &value) {
  bool result = false;
  return napi_get_value_bool(value.Env(), value, &result) == napi_ok && result;
}

// @brief Whether values were made. In a thread that is being terminated Node-API makes none, without a sign but this.
template <typename... Values>
bool made(const Values &...values) {
  return (!values.IsEmpty() && ...);
}

template <typename Function>
void expose(Napi::Env env, Napi::Object exports, const char *name, Function function) {
  exports.Set(name, Napi::Function::New(env, function, name));
}

}  // namespace millrace
