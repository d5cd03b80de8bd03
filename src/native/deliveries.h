// What librdkafka's threads write down about each message, and how JavaScript hears of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace millrace {

class Channel;
struct Batch;

enum class State : uint8_t { kPending, kDelivered, kFailed, kUnsent, kRefused };

// The end of one message. Written once, by whoever settles it first, before `state` is; read after.
struct Ending {
  int64_t offset = -1;  // -1: the broker did not tell it
  int32_t partition = -1;
  int32_t topic = 0;
  uint32_t cost = 0;
  int16_t error = 0;
  std::atomic<State> state{State::kPending};
  bool possibly_persisted = false;
  bool anonymous = false;  // a message without a slot
};

// A message of a batch. Belongs to its batch, whose memory outlives every message in flight.
struct Slot {
  Ending ending;
  Batch *batch = nullptr;
};

// A message sent alone. Belongs to the channel's pool; goes back to it once JavaScript has read the ending.
struct Single {
  Ending ending;
  uint32_t id = 0;
  Single *next = nullptr;
};

// A batch's account. `pending` counts its messages in flight, and one until it is sealed; whoever takes it to
// zero puts the batch on the channel's list of finished ones.
struct Batch {
  Batch(uint32_t id, uint32_t size, bool slots);

  const uint32_t id;
  const uint32_t size;
  std::unique_ptr<Slot[]> slots;  // none where counts are enough
  uint32_t offered = 0;           // these two by the thread that offers, read by it too
  uint32_t refused = 0;
  uint32_t fixed_cost = 0;  // of headers and overhead, where messages have no slot
  bool sealed = false;
  std::atomic<uint32_t> pending{1};
  std::atomic<uint32_t> delivered{0};
  std::atomic<uint32_t> failed{0};
  std::atomic<uint32_t> unsent{0};
  std::atomic<uint32_t> possibly_persisted{0};
  Batch *next = nullptr;
};

// The opaque of a message says what it belongs to by its two lowest bits.
enum class Kind : uintptr_t { kSlot = 0, kCounts = 1, kSingle = 2 };

inline void *opaque_of(Slot *slot) { return slot; }
inline void *opaque_of(Batch *batch) {
  return reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(batch) | static_cast<uintptr_t>(Kind::kCounts));
}
inline void *opaque_of(Single *single) {
  return reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(single) | static_cast<uintptr_t>(Kind::kSingle));
}
inline Kind kind_of(void *opaque) { return static_cast<Kind>(reinterpret_cast<uintptr_t>(opaque) & 3); }
template <typename T>
T *untag(void *opaque) {
  return reinterpret_cast<T *>(reinterpret_cast<uintptr_t>(opaque) & ~uintptr_t{3});
}

// A list that many threads push to and one takes whole. Intrusive: `next` belongs to the list meanwhile.
template <typename T>
class Inbox {
 public:
  // @locality any thread; no lock
  void push(T *item) {
    item->next = head_.load(std::memory_order_relaxed);
    while (!head_.compare_exchange_weak(item->next, item, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }

  // @returns the items, first pushed first, linked by `next`
  // @locality the thread that owns the inbox
  T *take() {
    T *item = head_.exchange(nullptr, std::memory_order_acquire);
    T *first = nullptr;
    while (item != nullptr) {
      T *next = item->next;
      item->next = first;
      first = item;
      item = next;
    }
    return first;
  }

 private:
  std::atomic<T *> head_{nullptr};
};

}  // namespace millrace
