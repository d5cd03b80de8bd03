// The hash of records: what a receipt says of the records of a chunk, and what is found of them in a topic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace millrace {

// XXH64, as its specification has it: four lanes of eight bytes, the rest in eights, a four and ones, then an avalanche.
// Functions of their arguments alone. @locality any thread
namespace xxh64 {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87ull;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4Full;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9ull;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63ull;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5ull;
constexpr size_t kStripe = 32;

inline uint64_t rotate(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

inline uint64_t read64(const uint8_t *at) {
  uint64_t value;
  std::memcpy(&value, at, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap64(value);
#endif
  return value;
}

inline uint64_t read32(const uint8_t *at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap32(value);
#endif
  return value;
}

inline uint64_t round(uint64_t lane, uint64_t input) { return rotate(lane + input * kPrime2, 31) * kPrime1; }

inline uint64_t merge(uint64_t hash, uint64_t lane) { return (hash ^ round(0, lane)) * kPrime1 + kPrime4; }

// @param data may be null where \p size is 0
inline uint64_t hash(const void *data, size_t size, uint64_t seed) {
  const auto *at = static_cast<const uint8_t *>(data);
  size_t left = size;
  uint64_t hash = seed + kPrime5;
  if (left >= kStripe) {
    uint64_t lane1 = seed + kPrime1 + kPrime2;
    uint64_t lane2 = seed + kPrime2;
    uint64_t lane3 = seed;
    uint64_t lane4 = seed - kPrime1;
    for (; left >= kStripe; left -= kStripe, at += kStripe) {
      lane1 = round(lane1, read64(at));
      lane2 = round(lane2, read64(at + 8));
      lane3 = round(lane3, read64(at + 16));
      lane4 = round(lane4, read64(at + 24));
    }
    hash = rotate(lane1, 1) + rotate(lane2, 7) + rotate(lane3, 12) + rotate(lane4, 18);
    hash = merge(merge(merge(merge(hash, lane1), lane2), lane3), lane4);
  }
  hash += size;
  for (; left >= 8; left -= 8, at += 8) hash = rotate(hash ^ round(0, read64(at)), 27) * kPrime1 + kPrime4;
  if (left >= 4) {
    hash = rotate(hash ^ read32(at) * kPrime1, 23) * kPrime2 + kPrime3;
    left -= 4;
    at += 4;
  }
  for (; left > 0; left--, at++) hash = rotate(hash ^ *at * kPrime5, 11) * kPrime1;
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

}  // namespace xxh64

// The hash of one record: value, key, then each header in order, each seeded with what came before, so that none can
// change places with another. Null differs from no bytes. Chunks add up their records' hashes modulo 2^64, in any order.
// The same in TypeScript: load/record-hash.ts.
class RecordHash {
 public:
  // Null: pointer null, whatever the size.
  RecordHash(const void *value, size_t value_size, const void *key, size_t key_size)
      : hash_(of(key, key_size, of(value, value_size, 0))) {}

  void header(const void *name, size_t name_size, const void *value, size_t value_size) {
    hash_ = of(value, value_size, xxh64::hash(name, name_size, hash_));
  }

  uint64_t value() const { return hash_; }

 private:
  static constexpr uint64_t kNull = 0x9E3779B97F4A7C15ull;

  static uint64_t of(const void *data, size_t size, uint64_t seed) {
    return data == nullptr ? xxh64::hash(nullptr, 0, seed + kNull) : xxh64::hash(data, size, seed);
  }

  uint64_t hash_;
};

}  // namespace millrace
