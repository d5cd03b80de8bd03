// Hashes of records for JavaScript. All functions run on JavaScript's thread, and keep nothing.
//
// Buffers may be changed by others meanwhile (shared, or detached before): each number is read once, and checked
// against the size as it is now.

#include "bind.h"
#include "record_hash.h"

namespace millrace {
namespace {

// Of the eleven int32 that engine/packer.ts writes for each message.
enum Field { kKeyAt = 2, kKeySize, kValueAt, kValueSize, kHeadersAt, kHeadersSize, kFields = 11 };

// @returns false where it is neither null nor bytes
bool maybe_bytes(const Napi::Value &value, Bytes *out) { return value.IsNull() || bytes_of(value, out); }

struct Cutter {
  Bytes bytes;
  const volatile uint32_t *ranges = nullptr;

  bool cut(uint32_t index, Bytes *out) const {
    const uint32_t start = ranges[2 * static_cast<size_t>(index)];
    const uint32_t end = ranges[2 * static_cast<size_t>(index) + 1];
    if (start == 0xffffffffu) {
      *out = {};
      return true;
    }
    if (start > end || end > bytes.size) return false;
    *out = {bytes.data + start, end - start};
    return true;
  }
};

// @returns false where these are no ranges of so many messages
bool read_cutter(const Napi::Value &bytes, const Napi::Value &ranges, uint32_t messages, Cutter *out) {
  const uint32_t *pairs = nullptr;
  size_t length = 0;
  if (!bytes_of(bytes, &out->bytes) || !elements(ranges, napi_uint32_array, &pairs, &length)) return false;
  out->ranges = pairs;
  return length / 2 >= messages;
}

// @brief Adds headers as JavaScript wrote them: for each, the sizes of name and value (-1: null) as little-endian int32,
// then both. @returns false where they are torn
bool add_headers(Bytes headers, RecordHash *hash) {
  const uint8_t *at = headers.data;
  const uint8_t *end = at + headers.size;
  while (at != end) {
    if (end - at < 8) return false;
    const auto name_size = static_cast<int32_t>(xxh64::read32(at));
    const auto value_size = static_cast<int32_t>(xxh64::read32(at + 4));
    at += 8;
    const int64_t stored = value_size < 0 ? 0 : value_size;
    if (name_size < 0 || end - at < static_cast<int64_t>(name_size) + stored) return false;
    hash->header(at, name_size, value_size < 0 ? nullptr : at + name_size, stored);
    at += name_size + stored;
  }
  return true;
}

// @brief A piece of the arena, or null where the size is -1. @returns false where it is out of bounds
bool piece(Bytes arena, int32_t at, int32_t size, Bytes *out) {
  *out = {};
  if (size == -1) return true;
  if (at < 0 || size < 0 || static_cast<uint64_t>(at) + static_cast<uint64_t>(size) > arena.size) return false;
  *out = {arena.data + at, static_cast<size_t>(size)};
  return true;
}

// @returns nothing where the thread is ending
Napi::Value sum_of(Napi::Env env, uint64_t sum) {
  napi_value value;
  return napi_create_bigint_uint64(env, sum, &value) == napi_ok ? Napi::Value(env, value) : Napi::Value();
}

// hashFramed(from, to, bytes, ranges, keyBytes|null, keyRanges|null, key|null, headers|null) -> the sum, a bigint; a
// number: the range of that message is out of bounds
// `key` is every message's where there are no keyRanges; `headers`, packed, are every message's.
Napi::Value HashFramed(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  constexpr const char *kCall = "hashFramed(from, to, bytes, ranges, keyBytes, keyRanges, key, headers)";
  uint32_t from = 0;
  uint32_t to = 0;
  if (info.Length() < 8 || !index_of(info[0], &from) || !index_of(info[1], &to) || from > to) return fail(env, kCall);
  Cutter values;
  Cutter keys;
  Bytes key;
  Bytes headers;
  if (!read_cutter(info[2], info[3], to, &values)) return fail(env, kCall);
  const bool keyed = !info[5].IsNull();
  if (keyed && !read_cutter(info[4], info[5], to, &keys)) return fail(env, kCall);
  if (!maybe_bytes(info[6], &key) || !maybe_bytes(info[7], &headers)) return fail(env, kCall);
  uint64_t sum = 0;
  for (uint32_t index = from; index < to; index++) {
    Bytes value;
    if (!values.cut(index, &value) || (keyed && !keys.cut(index, &key))) return Napi::Number::New(env, index);
    RecordHash hash(value.data, value.size, key.data, key.size);
    if (headers.size > 0 && !add_headers(headers, &hash)) return fail(env, kCall);
    sum += hash.value();
  }
  return sum_of(env, sum);
}

// hashPacked(fields: Int32Array, count, arena: Uint8Array) -> the sum, a bigint
Napi::Value HashPacked(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  const int32_t *numbers = nullptr;
  size_t length = 0;
  uint32_t count = 0;
  Bytes arena;
  if (info.Length() < 3 || !elements(info[0], napi_int32_array, &numbers, &length) || !index_of(info[1], &count) ||
      length / kFields < count || !bytes_of(info[2], &arena))
    return fail(env, "hashPacked(fields, count, arena)");
  const volatile int32_t *field = numbers;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; i++, field += kFields) {
    Bytes key;
    Bytes value;
    Bytes headers;
    if (!piece(arena, field[kKeyAt], field[kKeySize], &key) || !piece(arena, field[kValueAt], field[kValueSize], &value) ||
        !piece(arena, field[kHeadersAt], field[kHeadersSize], &headers))
      return fail(env, "a message is out of range");
    RecordHash hash(value.data, value.size, key.data, key.size);
    if (headers.size > 0 && !add_headers(headers, &hash)) return fail(env, "headers are torn");
    sum += hash.value();
  }
  return sum_of(env, sum);
}

}  // namespace

void bind_hash(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "hashFramed", HashFramed);
  expose(env, exports, "hashPacked", HashPacked);
}

}  // namespace millrace
