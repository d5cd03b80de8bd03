// The layer to JavaScript, a file a concern: checks numbers and ranges, calls the channel, copies results into typed
// arrays. All functions run on the calling environment's thread.
#pragma once

#include <napi.h>

#include <algorithm>

namespace millrace {

void bind_ceiling(Napi::Env env, Napi::Object exports);
void bind_channel(Napi::Env env, Napi::Object exports);
void bind_cluster(Napi::Env env, Napi::Object exports);
void bind_files(Napi::Env env, Napi::Object exports);
void bind_hash(Napi::Env env, Napi::Object exports);
void bind_histogram(Napi::Env env, Napi::Object exports);
void bind_json(Napi::Env env, Napi::Object exports);
void bind_kafka(Napi::Env env, Napi::Object exports);
void bind_lent_memory(Napi::Env env, Napi::Object exports);
void bind_lock(Napi::Env env, Napi::Object exports);
void bind_offers(Napi::Env env, Napi::Object exports);
void bind_reader(Napi::Env env, Napi::Object exports);
void bind_results(Napi::Env env, Napi::Object exports);
void bind_sink(Napi::Env env, Napi::Object exports);
void bind_topics(Napi::Env env, Napi::Object exports);
void bind_unpack(Napi::Env env, Napi::Object exports);

// A thread that is being terminated may still be inside a call: then Node-API refuses everything that could run
// JavaScript (coercions, new arrays and objects), and node-addon-api's wrappers would end the process over it. So these
// go without them, and their results are looked at.

// @brief Throws a TypeError: a call that our own JavaScript never makes.
inline Napi::Value fail(Napi::Env env, const char *why) {
  napi_throw_type_error(env, nullptr, why);
  return Napi::Value();
}

inline bool flag(const Napi::Value &value) {
  bool set = false;
  return napi_get_value_bool(value.Env(), value, &set) == napi_ok && set;
}

// @returns false where it is no typed array of \p type
template <typename T>
bool elements(const Napi::Value &value, napi_typedarray_type type, T **data, size_t *length) {
  bool is_typed = false;
  if (napi_is_typedarray(value.Env(), value, &is_typed) != napi_ok || !is_typed) return false;
  napi_typedarray_type found;
  void *at = nullptr;
  if (napi_get_typedarray_info(value.Env(), value, &found, length, &at, nullptr, nullptr) != napi_ok) return false;
  *data = static_cast<T *>(at);
  return found == type;
}

struct Bytes {
  const uint8_t *data = nullptr;
  size_t size = 0;
};

// @returns false where it is no Uint8Array; one of no bytes has a pointer, too
inline bool bytes_of(const Napi::Value &value, Bytes *out) {
  static const uint8_t empty[1] = {0};
  if (!elements(value, napi_uint8_array, &out->data, &out->size)) return false;
  if (out->data == nullptr || out->size == 0) *out = {empty, 0};
  return true;
}

// @returns false where it is no number from 0 to 4294967295
inline bool index_of(const Napi::Value &value, uint32_t *out) {
  double number = 0;
  if (napi_get_value_double(value.Env(), value, &number) != napi_ok) return false;
  if (!(number >= 0 && number <= 4294967295.0)) return false;
  *out = static_cast<uint32_t>(number);
  return true;
}

// @returns where its \p count elements are, or null where the thread is ending
template <typename T>
T *new_array(Napi::Env env, napi_typedarray_type type, size_t count, napi_value *array) {
  void *data = nullptr;
  napi_value buffer;
  if (napi_create_arraybuffer(env, count * sizeof(T), &data, &buffer) != napi_ok) return nullptr;
  if (napi_create_typedarray(env, type, count, buffer, 0, array) != napi_ok) return nullptr;
  static T none;
  return count == 0 ? &none : static_cast<T *>(data);
}

template <typename Function>
void expose(Napi::Env env, Napi::Object exports, const char *name, Function function) {
  exports.Set(name, Napi::Function::New(env, function, name));
}

// @returns a Float64Array of these, or nothing where the thread is ending
template <size_t N>
Napi::Value new_counts(Napi::Env env, const double (&values)[N]) {
  napi_value array;
  double *to = new_array<double>(env, napi_float64_array, N, &array);
  if (to == nullptr) return Napi::Value();
  std::copy(values, values + N, to);
  return Napi::Value(env, array);
}

}  // namespace millrace
