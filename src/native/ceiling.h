// The ceiling: how fast librdkafka's own producer takes messages that are ready, with nothing of ours around it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kafka.h"
#include "scout.h"

namespace millrace {

struct CeilingCounts {
  int64_t offered, delivered, failed, possibly_persisted;
  int16_t first_error;  // of the first message that failed; 0 while there is none
};

// One client, one thread that offers prepared messages and serves their delivery reports, as librdkafka's own
// rdkafka_performance does: as it alone counts, no message costs an atomic operation, and librdkafka frees each on the
// thread that allocated it. Counting in on_acknowledgement was not faster in adjacent pairs (DESIGN.md).
// rd_kafka_produce_batch takes the topic's lock and reads the clock once for many messages, rd_kafka_produce for each.
//
// librdkafka reads the payloads where they are. An engine has to copy, as it does not own what it is given; that is a
// part of its cost, so the ceiling must not have it. They are copied once, here, and live as long as the configuration of
// the handle.
//
// Threads: JavaScript's opens, starts, stops, reads counts and closes; the loop runs on a thread of its own, one for
// each `start`. Owned by the registry of ceilings and by librdkafka's configuration.
class Ceiling {
 public:
  // What a message costs beside its bytes; the same figure as in engine/admission.ts.
  static constexpr int64_t kOverhead = 256;

  // @param ranges start and end of each payload in \p bytes; checked by the caller
  // @param messages, max_bytes what may be in flight
  // @param changed called by the loop's thread when it has stopped offering, and when all has ended; must not block
  Ceiling(std::vector<uint8_t> bytes, const std::vector<uint32_t> &ranges, int64_t messages, int64_t max_bytes,
          std::function<void()> changed);
  ~Ceiling();

  // @brief Has deliveries reported to the loop. To be called while the handle is being made, before it reads \p conf.
  // @locality the thread that makes the handle
  // @param scouts whether Scout::on_send is called for its messages, and serves
  void attach(rd_kafka_t *rk, rd_kafka_conf_t *conf, bool scouts);
  // @brief The handle is being destroyed: ends the loop. @locality the thread that does so
  void detach();

  // @brief Offers \p messages (-1: without end) to \p topic, on a thread of its own.
  // @returns false when a loop still runs, after `close`, or without a handle or a topic
  bool start(const std::string &topic, int64_t messages, bool stop_at_failure);
  // @brief Offers no more; what is in flight goes on.
  void stop() { stopping_.store(true); }
  // @brief Sends what is in flight without lingering.
  void flush() { flushing_.store(true); }
  // @brief Offers no more, and has librdkafka drop what is in flight: each such message ends as failed.
  void purge() {
    purging_.store(true);
    stopping_.store(true);
  }
  // @brief Ends the loop, waits for it, and frees the topic. What is in flight is counted no more.
  // @locality any thread, any number of times
  void close();

  CeilingCounts counts() const;
  bool offering() const { return offering_.load(std::memory_order_acquire); }
  bool running() const { return running_.load(std::memory_order_acquire); }

 private:
  static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);

  void run(int64_t left);
  void offer(int64_t left);
  void settle();
  void advance(int count, int64_t *left);
  int fitting(int64_t left) const;
  void fail(rd_kafka_resp_err_t error, bool persisted);

  const Kafka *kafka_;
  const std::vector<uint8_t> bytes_;
  std::vector<rd_kafka_message_t> messages_;
  const int64_t max_messages_;
  const int64_t max_bytes_;
  const std::function<void()> changed_;

  std::mutex mutex_;  // of the handle, the topic and the thread
  rd_kafka_t *rk_ = nullptr;
  rd_kafka_topic_t *topic_ = nullptr;
  std::string topic_name_;
  std::thread thread_;

  std::atomic<bool> stopping_{false};
  std::atomic<bool> flushing_{false};
  std::atomic<bool> purging_{false};
  std::atomic<bool> quitting_{false};
  std::atomic<bool> offering_{false};
  std::atomic<bool> running_{false};
  bool stop_at_failure_ = false;
  bool scouts_ = false;

  // the loop's thread only, which also frees what has ended: the scout need not be told of it
  Scout scout_;
  size_t next_ = 0;
  int64_t in_flight_ = 0;
  int64_t bytes_in_flight_ = 0;

  // written by the loop's thread, read by any: no read-modify-write is needed
  std::atomic<int64_t> offered_{0};
  std::atomic<int64_t> delivered_{0};
  std::atomic<int64_t> failed_{0};
  std::atomic<int64_t> possibly_persisted_{0};
  std::atomic<int16_t> first_error_{0};
};

// Ceilings by token. Tokens are never given twice, so a stale one finds nothing.
class Ceilings {
 public:
  static uint64_t add(std::shared_ptr<Ceiling> ceiling);
  static std::shared_ptr<Ceiling> find(uint64_t token);
  static void release(uint64_t token);
};

}  // namespace millrace
