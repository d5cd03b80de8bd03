// Fields of JSON records for JavaScript. Runs on JavaScript's thread, and keeps nothing.

#include "bind.h"
#include "json_scan.h"

namespace millrace {
namespace {

// @brief Pairs of kind and size of path, and the paths one behind the other. @returns false where they do not fit
bool fields_of(const uint32_t *pairs, size_t count, Bytes paths, std::vector<JsonField> *out) {
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t kind = pairs[2 * i];
    const uint32_t size = pairs[2 * i + 1];
    if (kind > JsonField::kRecord || size > paths.size - at) return false;
    if (kind == JsonField::kRecord && count > 1) return false;
    out->push_back({static_cast<JsonField::Kind>(kind), {reinterpret_cast<const char *>(paths.data) + at, size}});
    at += size;
  }
  return count > 0;
}

// findJsonFields(bytes, ranges, count, fields: Uint32Array, paths: Uint8Array, found: Uint32Array) -> how many records are
// left to JavaScript. What is found of them: json_scan.h.
Napi::Value FindJsonFields(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  constexpr const char *kCall = "findJsonFields(bytes, ranges, count, fields, paths, found)";
  Bytes bytes;
  const uint32_t *ranges = nullptr;
  size_t numbers = 0;
  uint32_t count = 0;
  if (info.Length() < 6 || !bytes_of(info[0], &bytes) || !elements(info[1], napi_uint32_array, &ranges, &numbers) ||
      !index_of(info[2], &count) || numbers / 2 < count)
    return fail(env, kCall);
  const uint32_t *pairs = nullptr;
  Bytes paths;
  std::vector<JsonField> fields;
  if (!elements(info[3], napi_uint32_array, &pairs, &numbers) || !bytes_of(info[4], &paths) ||
      !fields_of(pairs, numbers / 2, paths, &fields))
    return fail(env, kCall);
  uint32_t *found = nullptr;
  if (!elements(info[5], napi_uint32_array, &found, &numbers) ||
      numbers / 2 < static_cast<uint64_t>(count) * fields.size())
    return fail(env, kCall);
  return Napi::Number::New(env, JsonScan(fields).find(bytes.data, bytes.size, ranges, count, found));
}

}  // namespace

void bind_json(Napi::Env env, Napi::Object exports) { expose(env, exports, "findJsonFields", FindJsonFields); }

}  // namespace millrace
