// What is written down of the end of each message, and how JavaScript hears of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "lent_memory.h"

namespace millrace {

class Lane;
struct Batch;

enum class State : uint8_t { kPending, kDelivered, kFailed, kUnsent, kRefused };

// The end of one message. Written once, by whoever settles it first, before `state` is; read after.
struct Ending {
  int64_t offset = -1;  // -1: the broker did not tell it
  int32_t partition = -1;
  uint32_t cost = 0;
  int16_t error = 0;
  std::atomic<State> state{State::kPending};
  bool possibly_persisted = false;
  bool pinned = false;  // its partition was given, not chosen
};

// A message of a batch. Belongs to its batch, whose memory outlives every message in flight.
struct Slot {
  Ending ending;
  Batch *batch = nullptr;
};

// A message sent alone. Belongs to its lane's pool; goes back to it once JavaScript has read the ending.
struct Single {
  Ending ending;
  Lane *lane = nullptr;
  int64_t due = 0;  // CLOCK_MONOTONIC, ns; where latencies are measured
  uint32_t id = 0;
  Single *next = nullptr;
};

// A batch's account. `pending` counts its messages in flight, and one until it is sealed; whoever takes it to
// zero puts the batch on its lane's list of finished ones, and touches it no more.
struct Batch {
  Batch(Lane *lane, uint32_t id, uint32_t size) : lane(lane), id(id), size(size) {}

  // @returns false where there is no memory for them
  bool make_slots() {
    if (size == 0) return true;
    slots.reset(new (std::nothrow) Slot[size]);
    if (!slots) return false;
    for (uint32_t i = 0; i < size; i++) slots[i].batch = this;
    return true;
  }

  Lane *const lane;
  const uint32_t id;
  const uint32_t size;
  std::unique_ptr<Slot[]> slots;  // none where counts are enough
  uint32_t offered = 0;           // these four belong to the lane's thread
  uint32_t refused = 0;
  int64_t due = 0;          // CLOCK_MONOTONIC, ns; where latencies are measured; written before the first offer
  bool sealed = false;
  bool finished = false;    // taken from the list of finished ones
  uint32_t fixed_cost = 0;  // of headers and overhead, where messages have no slot; written before the first crosses
  std::atomic<uint32_t> pending{1};
  std::atomic<uint32_t> failed{0};
  std::atomic<uint32_t> unsent{0};
  std::atomic<uint32_t> possibly_persisted{0};
  Batch *next = nullptr;

  // What its messages point into; let go of with the batch, and so after the last of them has ended.
  std::vector<LentMemory::Hold> lent;

  // @brief Holds the memory those bytes lie in until the batch is freed, if it is lent. @returns whether it is
  // @locality the lane's thread
  bool hold(const void *data, size_t size) {
    for (const LentMemory::Hold &one : lent)
      if (one->has(data, size)) return true;
    LentMemory::Hold found = LentMemory::find(data, size);
    if (found == nullptr) return false;
    lent.push_back(std::move(found));
    return true;
  }

  // @brief Whether that is what its messages cost beside key and value. The first one says it: what is in flight
  // gives back by this figure, on other threads. @locality the lane's thread
  bool costs(uint32_t fixed) {
    if (fixed_cost == 0) fixed_cost = fixed;
    return fixed_cost == fixed;
  }

  // What was accepted and is neither in flight nor ended otherwise. @locality the lane's thread
  uint32_t delivered() const {
    const uint32_t in_flight = pending.load() - (sealed ? 0 : 1);
    return offered - refused - in_flight - failed.load() - unsent.load();
  }
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
// Sequentially consistent, as Waker wants it.
template <typename T>
class Inbox {
 public:
  // @locality any thread; no lock
  void push(T *item) {
    item->next = head_.load(std::memory_order_relaxed);
    while (!head_.compare_exchange_weak(item->next, item)) {
    }
  }

  // @returns the items, first pushed first, linked by `next`
  // @locality the thread that owns the inbox
  T *take() {
    T *item = head_.exchange(nullptr);
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
