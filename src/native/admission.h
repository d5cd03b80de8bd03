// Credits: how many messages and bytes may be in flight.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace millrace {

// Everything taken is given back. Whoever is refused arms, and tries again; a `give` that makes room then says so,
// once.
//
// Messages and bytes are one word, so that a taker who finds no room changes nothing, not even for a
// moment: a giver that saw such a change would think there was no room, and wake nobody.
//
// The lost wake-up: a taker that finds no room arms, and then looks again. Either it sees the credits that
// were given meanwhile, or the giver, who gives first and looks at the arm second, sees the arm. Both
// orders need sequential consistency, which is the default of std::atomic.
class Admission {
 public:
  static constexpr int kByteBits = 40;
  static constexpr int64_t kMaxMessages = (int64_t{1} << (64 - kByteBits)) - 2;
  static constexpr int64_t kMaxBytes = (int64_t{1} << kByteBits) - 1;

  Admission(int64_t messages, int64_t bytes)
      : max_messages_(std::clamp<int64_t>(messages, 1, kMaxMessages)),
        max_bytes_(std::clamp<int64_t>(bytes, 1, kMaxBytes)),
        wake_messages_(max_messages_ / 4 * 3),
        wake_bytes_(max_bytes_ / 4 * 3) {}

  // @brief Takes the credits, or none.
  // @locality any thread; no lock
  bool take(int64_t bytes, int64_t messages = 1) {
    uint64_t used = used_.load();
    for (;;) {
      if (messages_of(used) + messages > max_messages_ || bytes_of(used) + bytes > max_bytes_) return false;
      if (used_.compare_exchange_weak(used, used + word(bytes, messages))) return true;
    }
  }

  // @brief The next `give` that makes room is to say so. To be followed by another `take`.
  // @locality any thread; no lock
  void arm() { armed_.store(true); }

  // @returns whether those who wait are to be woken
  // @locality any thread, librdkafka's included; no lock
  bool give(int64_t bytes, int64_t messages = 1) {
    const uint64_t cost = word(bytes, messages);
    const uint64_t left = used_.fetch_sub(cost) - cost;
    if (!armed_.load()) return false;
    // a quarter is to be free, so that who waits is not woken for every message
    const bool room = messages_of(left) <= wake_messages_ && bytes_of(left) <= wake_bytes_;
    if (!room && left != 0) return false;
    return armed_.exchange(false);
  }

  int64_t max_messages() const { return max_messages_; }
  bool fits(int64_t bytes) const { return bytes <= max_bytes_; }
  int64_t messages() const { return messages_of(used_.load()); }
  int64_t bytes() const { return bytes_of(used_.load()); }

 private:
  static uint64_t word(int64_t bytes, int64_t messages) {
    return (static_cast<uint64_t>(messages) << kByteBits) + static_cast<uint64_t>(bytes);
  }
  static int64_t messages_of(uint64_t used) { return static_cast<int64_t>(used >> kByteBits); }
  static int64_t bytes_of(uint64_t used) { return static_cast<int64_t>(used & ((uint64_t{1} << kByteBits) - 1)); }

  const int64_t max_messages_;
  const int64_t max_bytes_;
  const int64_t wake_messages_;
  const int64_t wake_bytes_;
  alignas(64) std::atomic<uint64_t> used_{0};
  alignas(64) std::atomic<bool> armed_{false};
};

}  // namespace millrace
