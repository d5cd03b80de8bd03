// One producer's way through librdkafka: the gate, the credits, the topics, the endings.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "admission.h"
#include "deliveries.h"
#include "kafka.h"

namespace millrace {

// A message as the binding hands it over; pointers are valid during the call only: librdkafka copies.
struct Outgoing {
  int32_t topic;
  int32_t partition;  // RD_KAFKA_PARTITION_UA: the partitioner chooses
  const void *key;    // null: none
  size_t key_size;
  const void *value;  // null: a tombstone
  size_t value_size;
  int64_t timestamp;  // 0: now
  const uint8_t *headers;  // as encode_headers in JavaScript writes them; null: none
  size_t headers_size;
};

enum class Offer { kAccepted, kRefused, kFull, kClosed };

struct Counts {
  int64_t accepted, refused, delivered, failed, unsent, possibly_persisted, in_flight, bytes;
};

// Threads: JavaScript's thread opens, offers, takes and closes; librdkafka's threads (and, inside produce,
// purge and destroy, the caller's) settle. Owned by the registry; librdkafka's configuration holds it too,
// until its handle is gone, so that a late acknowledgement finds it.
class Channel {
 public:
  // What a message costs beside its bytes; the same figure as in engine/admission.ts.
  static constexpr uint32_t kOverhead = 256;

  // @param wake called from any thread, at most once until `awake()`; must not block
  // @param retired called once, by `retire`
  Channel(uint64_t token, int64_t messages, int64_t bytes, std::function<void()> wake, std::function<void()> retired);
  ~Channel();

  const uint64_t token;

  // @brief librdkafka made the handle / is destroying it. @locality the thread that does so
  void attach(rd_kafka_t *rk);
  void detach();

  // @brief Runs \p use with the handle, which nobody closes or destroys meanwhile.
  // @locality any thread; holds the gate, so \p use must not come back to this channel
  // @returns false when there is no handle yet, or no longer
  bool with_handle(const std::function<void(rd_kafka_t *)> &use);

  // @brief The number of a topic. Topics live until `close`. @returns -1 when closed or the name is refused
  int32_t topic(const std::string &name);

  Batch *open_batch(uint32_t size, bool slots);
  Batch *find_batch(uint32_t id);
  void seal(Batch *batch);
  void free_batch(Batch *batch);

  Offer offer(const Outgoing &message, Batch *batch, uint32_t index);
  // @param id comes back with the ending. @returns kRefused with \p error when it was not accepted
  Offer offer_single(const Outgoing &message, uint32_t id, int16_t *error);

  // @brief One message was acknowledged, failed or purged.
  // @locality librdkafka's threads; takes no lock of ours
  void settle(const rd_kafka_message_t *message);

  // @brief What has ended since the last time. The caller gives singles back with `recycle`.
  Single *take_singles() { return singles_.take(); }
  Batch *take_batches() { return batches_.take(); }
  // @returns whether there is room again for who was refused
  bool take_room() { return room_.exchange(false); }
  void recycle(Single *single) { free_singles_.push_back(single); }
  // @brief JavaScript is about to look: the next ending wakes it again. To be called before looking.
  void awake() { woken_.store(false); }

  Counts counts() const;
  bool fits(int64_t cost) const { return admission_.fits(cost); }

  // @brief Takes no more; waits for offers under way. Then librdkafka drops what it holds, and every message
  // of it is settled soon.
  void purge();
  // @brief Frees the topics; nothing may be in flight.
  void close();
  // @brief Wakes nobody any more; the handle has been destroyed. @locality JavaScript's thread
  void retire();

 private:
  int16_t produce(const Outgoing &message, void *opaque);
  void end(Ending *ending, const rd_kafka_message_t *message);
  void count(State state, bool possibly_persisted);
  void finish(Batch *batch);
  void wake();

  const Kafka *kafka_;
  Admission admission_;
  const std::function<void()> wake_;
  const std::function<void()> retired_;

  std::shared_mutex gate_;  // shared while producing, exclusive to change what follows
  rd_kafka_t *rk_ = nullptr;
  bool open_ = false;
  std::vector<rd_kafka_topic_t *> topics_;
  std::unordered_map<std::string, int32_t> topic_ids_;

  // JavaScript's thread only
  std::unordered_map<uint32_t, std::unique_ptr<Batch>> open_batches_;
  uint32_t next_batch_ = 1;
  std::deque<Single> pool_;
  std::vector<Single *> free_singles_;
  int64_t accepted_ = 0;
  int64_t refused_ = 0;

  Inbox<Single> singles_;
  Inbox<Batch> batches_;
  std::atomic<bool> room_{false};
  std::atomic<bool> woken_{false};
  alignas(64) std::atomic<int64_t> delivered_{0};
  std::atomic<int64_t> failed_{0};
  std::atomic<int64_t> unsent_{0};
  std::atomic<int64_t> possibly_persisted_{0};
};

// Channels by token. Tokens are never given twice, so a stale one finds nothing.
class Registry {
 public:
  static std::shared_ptr<Channel> open(int64_t messages, int64_t bytes, std::function<void()> wake,
                                       std::function<void()> retired);
  static std::shared_ptr<Channel> find(uint64_t token);
  static void release(uint64_t token);
};

}  // namespace millrace
