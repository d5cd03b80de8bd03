// One JavaScript thread's side of a producer: its batches, its messages sent alone, its wake-up.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "deliveries.h"
#include "message.h"
#include "scout.h"
#include "waker.h"

namespace millrace {

class Channel;
class Crossing;

// kUneven: without slots, all messages of a batch cost the same beside key and value, and this one does not.
enum class Offer { kAccepted, kRefused, kFull, kTooLarge, kUneven };

// Threads: everything is for the lane's own JavaScript thread, but for what says otherwise. Owned by its channel for
// as long as that lives, since messages in flight point into it; a lane whose thread has ended is given to the next.
class Lane {
 public:
  // Credits that a lane takes in advance, for messages that cross later.
  static constexpr int64_t kLease = 256;

  Lane(Channel *channel, bool home) : home(home), channel_(channel) {}

  // Whether this is the lane of the thread that opened the channel: what was never sent is handed back there.
  const bool home;

  // @brief The lane's number of a topic. Topics live until the channel closes. @returns -1 when closed or the name
  // is refused
  int32_t topic(const std::string &name);

  // @param due CLOCK_MONOTONIC, ns: when its messages were due
  // @returns null where there is no memory for that many slots
  Batch *open_batch(uint32_t size, bool slots, int64_t due);
  Batch *find_batch(uint32_t id);
  void seal(Batch *batch);
  // @brief After it has finished.
  void free_batch(Batch *batch);

  // @brief Offers one message of a batch, in a slot of its own unless counts are enough.
  Offer offer(const Crossing &crossing, const Outgoing &message, Batch *batch, uint32_t index);

  // @brief The same for a frame, whose messages differ in key and value only: they are gathered first, so that what is
  // offered is what was counted, whatever becomes of the memory meanwhile.
  // @returns whether `message` can be gathered with those that are
  bool gathers(const Outgoing &message) const { return run_.takes(message); }
  void gather(const Outgoing &message) {
    run_.add(message, nullptr);
    gathered_bytes_ += cost_of(message);
  }
  // @brief Offers what was gathered, for the batch's messages from \p first on, as far as there is room.
  // @param too_large whether the first that was not taken never will be
  // @returns how many were taken or refused
  size_t offer_gathered(const Crossing &crossing, Batch *batch, uint32_t first, bool *too_large);

  // The same for many messages that go together: credits for all of them first, then each, then the end.
  // @returns false: there is no room for all; offer them one by one
  // `even` has to be true of each before.
  bool credit(int64_t bytes, int64_t messages) { return take_quietly(bytes, messages); }
  void offer_credited(const Crossing &crossing, const Outgoing &message, Batch *batch, uint32_t index);
  void end_run(const Crossing &crossing);
  // @brief Credits that were not used.
  void give_back(int64_t bytes, int64_t messages);

  // @brief Takes credits for messages that will cross with `offer_leased`: many, or for one of `cost` bytes.
  // From then on the lane is told of reports: one of another lane's that came between a poll and the first offer would
  // stay in the queue, which is empty no longer, so that nobody would be told of the reports behind it.
  // @returns how many messages they are for; 0: no room, and the wake-up is armed
  int64_t lease(const Crossing &crossing, int64_t cost);
  // @brief Offers a message for which credits were leased; `end_run` ends what was offered so.
  // @param error becomes librdkafka's error, 0 for none; written by the end of the run
  void offer_leased(const Crossing &crossing, const Outgoing &message, uint32_t id, int64_t due, int16_t *error);
  // @brief Gives back what was leased and not used.
  void end_lease();

  // @brief What has ended since the last time. The caller gives singles back with `recycle`.
  Single *take_singles() { return singles_.take(); }
  void recycle(Single *single) {
    free_singles_.push_back(single);
    add(engaged_, -1);
  }
  Batch *take_batches();
  // @returns whether there is room again for who was refused
  bool take_room() { return room_.exchange(false); }

  // @brief Messages of this lane point into memory of its thread's from now on.
  void borrow() { borrows_ = true; }
  bool borrows() const { return borrows_; }

  // @brief Who hears of endings and room; to be called once before use.
  void speak(std::function<void()> wake) { waker_.speak(std::move(wake)); }
  // @brief JavaScript is about to look. To be called before looking.
  void look() { waker_.look(); }
  // @brief The thread ends: nobody is called any more once this returns, and nothing more is offered. What was
  // accepted goes on to its end.
  void retire();
  // @brief Frees what has ended since `retire`. @returns whether nothing of it is in flight
  // @locality one thread at a time, after `retire`
  bool reusable();

  // @returns whether the batch can carry it: without slots, all its messages cost the same beside key and value
  static bool even(const Outgoing &message, Batch &batch);
  // @brief What a message counts for. @locality any thread
  static int64_t cost_of(const Outgoing &message);

  int64_t accepted() const { return accepted_.load(std::memory_order_relaxed); }
  int64_t refused() const { return refused_.load(std::memory_order_relaxed); }

  Channel *channel() const { return channel_; }

  // The following by any thread, librdkafka's included; no lock.

  // @brief So many messages of a batch have ended, or it was sealed. The caller must not touch the batch after it.
  void finish(Batch *batch, uint32_t messages);
  void finish(Single *single);
  // @brief There is room; wakes the lane if it waits.
  void room();
  // @brief There is news for everyone.
  void wake() { waker_.wake(); }
  // @returns whether the lane waits for what a report may tell: endings, or room
  bool cares() const { return engaged_.load() > 0 || waits_.load(); }
  // To be told of what has ended.
  Scout &scout() { return scout_; }

  // The next lane of the channel; written before the lane is published.
  Lane *next = nullptr;
  // Whether it waits for another thread to take it; under the channel's lock.
  bool retired = false;

 private:
  bool take(const Crossing &crossing, int64_t cost);
  bool take_quietly(int64_t bytes, int64_t messages);
  void offer_run(const Crossing &crossing, const Outgoing &message, void *opaque, int16_t *error);
  void refuse(void *opaque, int16_t error, int64_t cost, int32_t partition, int16_t *told);
  static void add(std::atomic<int64_t> &count, int64_t more = 1) {
    // only this lane's thread writes
    count.store(count.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }

  Channel *const channel_;
  std::vector<rd_kafka_topic_t *> topics_;
  std::unordered_map<std::string, int32_t> topic_numbers_;
  std::unordered_map<uint32_t, std::unique_ptr<Batch>> batches_open_;
  uint32_t next_batch_ = 1;
  std::deque<Single> pool_;
  std::vector<Single *> free_singles_;
  Run run_;
  std::vector<int16_t *> run_errors_;  // where to tell of each; null for those of batches; empty for gathered ones
  int64_t gathered_bytes_ = 0;
  bool borrows_ = false;
  int64_t leased_messages_ = 0;
  int64_t leased_bytes_ = 0;
  bool leases_ = false;
  std::atomic<int64_t> accepted_{0};
  std::atomic<int64_t> refused_{0};
  std::atomic<int64_t> engaged_{0};  // batches and messages sent alone whose end was not read, and the lease

  // read for each message that ends: apart from what this thread writes for each that it offers
  alignas(64) Scout scout_;
  alignas(64) Waker waker_;
  Inbox<Single> singles_;
  Inbox<Batch> batches_;
  std::atomic<bool> waits_{false};
  std::atomic<bool> room_{false};
};

}  // namespace millrace
