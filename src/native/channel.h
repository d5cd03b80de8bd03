// One producer's way through librdkafka: the gate, the credits, the topics, and the lanes of its threads.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "admission.h"
#include "deliveries.h"
#include "histogram.h"
#include "kafka.h"
#include "lane.h"
#include "message.h"

namespace millrace {

struct Counts {
  int64_t accepted, refused, delivered, failed, unsent, possibly_persisted, in_flight, bytes;
};

// Threads: one JavaScript thread opens and closes, others attach; whoever polls the handle settles: mostly
// they, but node-rdkafka and flushes as well. Held by each attached thread and by librdkafka's configuration, until
// its handle is gone, so that a late report finds it.
class Channel {
 public:
  // What a message costs beside its bytes; the same figure as in engine/admission.ts.
  static constexpr uint32_t kOverhead = 256;

  // @param latency whether acknowledgements are timed
  Channel(std::string token, int64_t messages, int64_t bytes, bool latency);
  ~Channel();
  Channel(const Channel &) = delete;

  // Names the channel to librdkafka's configuration and to other threads; cannot be guessed.
  const std::string token;

  // @brief librdkafka made the handle / is destroying it. @locality the thread that does so
  // @param scouts whether Scout::on_send is called for its messages, and serves
  // @returns false where it has another already: one token, one client
  bool attach(rd_kafka_t *rk, bool scouts);
  void detach();

  // @brief A lane for the calling thread; the first one is the home. @locality any JavaScript thread
  Lane *enter();
  // @brief The thread has retired its lane. @locality that thread
  void leave(Lane *lane);

  Admission &admission() { return admission_; }
  // @brief Credits that lanes hold in advance: taken, but of no message yet. @locality any JavaScript thread; no lock
  void lease(int64_t bytes, int64_t messages) {
    leased_.fetch_add(messages);
    leased_bytes_.fetch_add(bytes);
  }
  // @brief Gives credits back, and wakes who waits if that makes room. @locality any thread; no lock
  void give(int64_t bytes, int64_t messages = 1);

  // @returns null when closed or the name is refused. @locality any JavaScript thread
  rd_kafka_topic_t *topic(const std::string &name, bool home);

  // @brief A message of whichever channel has ended: its report is polled for, and it is freed next.
  // @locality who polls; takes no lock of ours
  static void settle(const rd_kafka_message_t *message);
  // @brief A message was acknowledged; where latencies are measured. @locality librdkafka's threads; no lock
  void time(const rd_kafka_message_t *message);
  bool times() const { return latencies_ != nullptr; }

  // @brief What other lanes had accepted and was never sent. The caller deletes them. @locality the home's thread
  Unsent *take_unsent() { return unsent_of_others_.take(); }

  // From when each delivered message was due to its acknowledgement, all lanes'; null where it is not measured.
  Histogram *latencies() { return latencies_.get(); }

  // `delivered` is never more than was, and exact when nothing is in flight. @locality any JavaScript thread
  Counts counts();

  // @brief Sends without lingering until nothing is in flight or \p timeout_ms passed. Blocks.
  // @returns false when closed. @locality any thread but JavaScript's
  bool flush(int timeout_ms);

  // @brief Other lanes than the home's take no more. @locality the home's thread
  void closing();
  // @brief Takes no more; waits for crossings under way. Then librdkafka drops what it holds, and every message
  // of it is settled soon. @locality the home's thread
  void purge();
  // @brief Purges, and settles what ends of it. Blocks.
  // @returns whether nothing is in flight; false: not within \p patience
  // @locality the home's thread, or one that ends with memory that is borrowed
  bool purge_within(std::chrono::steady_clock::duration patience);
  // @brief Whether a flush or a purge is still inside librdkafka. Flushes do not come in after `purge`.
  bool busy() const { return guests_.load() > 0; }
  // @brief Frees the topics; nothing may be in flight. @locality the home's thread
  void close();

  // @brief Whether there is a handle, though closed perhaps: what is in flight may still end. @locality any thread
  bool has_handle();
  // @brief Runs \p use with the handle, which nobody closes or destroys meanwhile.
  // @locality any thread; holds the gate, so \p use must not come back to this channel
  // @returns false when there is no handle yet, or no longer
  bool with_handle(const std::function<void(rd_kafka_t *)> &use);
  // @brief As with_handle, for what takes its time: outside the gate, so that closing may begin meanwhile. It waits for
  // \p use, which has to leave soon after `is_open` has turned false. @locality any thread but JavaScript's
  bool visit(const std::function<void(rd_kafka_t *)> &use);
  bool is_open() const { return open_.load(); }

 private:
  friend class Crossing;
  friend class Harvest;
  void fail(const rd_kafka_message_t *message);
  static Channel *channel_of(void *opaque);
  static uint32_t cost_of(const Batch &batch, const rd_kafka_message_t &message);
  void end(Ending *ending, const rd_kafka_message_t *message, State state, bool persisted);
  // @brief The error of a failed message; that of an innocent neighbour, where only librdkafka's text tells it.
  // @locality as settle
  rd_kafka_resp_err_t error_of(const rd_kafka_message_t *message) const;
  void free_topics();
  void drop(rd_kafka_t *rk);
  // @brief To be called, from now on, when there are reports to poll for; null: nobody is
  void listen(void (*told)(rd_kafka_t *, void *));
  static void on_reports(rd_kafka_t *, void *opaque);

  const Kafka *kafka_;
  Admission admission_;
  const std::unique_ptr<Histogram> latencies_;

  std::shared_mutex gate_;  // shared while producing, exclusive to change the handle and the topics
  rd_kafka_t *rk_ = nullptr;
  bool was_attached_ = false;
  bool scouts_ = false;
  std::atomic<bool> open_{false};
  std::atomic<bool> closing_{false};
  std::atomic<int> guests_{0};
  bool listens_ = false;  // under topics_mutex_, or the gate alone
  std::mutex topics_mutex_;
  std::unordered_map<std::string, rd_kafka_topic_t *> topics_;

  std::mutex lanes_mutex_;  // for entering and leaving; who walks the list takes none
  std::atomic<Lane *> lanes_{nullptr};

  Inbox<Unsent> unsent_of_others_;
  std::atomic<int64_t> leased_{0};
  std::atomic<int64_t> leased_bytes_{0};
  std::atomic<int64_t> failed_{0};
  std::atomic<int64_t> unsent_{0};
  std::atomic<int64_t> possibly_persisted_{0};
};

// The gate, held while messages cross: the handle stays, and closing waits.
class Crossing {
 public:
  Crossing(Channel *channel, bool home)
      : channel_(channel), lock_(channel->gate_), open_(channel->open_.load() && (home || !channel->closing_.load())) {}
  bool open() const { return open_; }
  // @param topics of the lane
  int16_t produce(const std::vector<rd_kafka_topic_t *> &topics, const Outgoing &message, void *opaque) const;
  size_t produce(const std::vector<rd_kafka_topic_t *> &topics, Run &run, Scout &scout) const;
  // @brief Settles and frees the messages that were delivered, all threads', on the thread whose next ones will have their
  // memory: a quarter less processor time a message than where librdkafka's threads do it. Polls the handle, so
  // node-rdkafka's callbacks for errors and statistics may run too; they only wake its event loop. To be called before each
  // slice of messages, so that no more wait to be freed than there are credits, and by whoever was woken. After closing, too.
  void reap() const;

 private:
  Channel *const channel_;
  std::shared_lock<std::shared_mutex> lock_;
  const bool open_;
};

// What one poll settles. Reports come by the batch of librdkafka's, so neighbours mostly are of one of ours: credits, and what is
// left of it, are written once for all of them. On its thread only.
class Harvest {
 public:
  // So many in one poll, which may be an event loop's: some tenths of a millisecond. What is left is told of anew.
  static constexpr int64_t kMost = 5000;

  // @brief Polls the handle without waiting, and settles what it tells of. @locality any thread; not within itself
  static void poll(const Kafka *kafka, rd_kafka_t *rk);
  // @returns that of the poll that this thread is in, or null
  static Harvest *current();

  Harvest() = default;
  Harvest(const Harvest &) = delete;
  ~Harvest() { settle(); }
  // @brief One message was delivered. It may be freed afterwards.
  void add(const rd_kafka_message_t *message);
  // @brief There is one report more, of whatever kind.
  void count();

 private:
  void add(Batch *batch, uint32_t cost);
  void settle();
  static void end(Ending *ending, const rd_kafka_message_t *message);

  rd_kafka_t *rk_ = nullptr;  // of the poll; none for one message alone
  int64_t seen_ = 0;
  // of either the batch or of singles of one lane
  Batch *batch_ = nullptr;
  Single *singles_ = nullptr;  // the last one first
  int64_t cost_ = 0;
  int64_t messages_ = 0;
};

// Channels by token. Tokens are never given twice, so a stale one finds nothing.
class Registry {
 public:
  static std::shared_ptr<Channel> open(int64_t messages, int64_t bytes, bool latency);
  static std::shared_ptr<Channel> find(const std::string &token);
  static void release(const std::string &token);
};

}  // namespace millrace
