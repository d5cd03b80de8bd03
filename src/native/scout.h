// Messages without a key, of one topic: where one goes, the next may go.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "kafka.h"

namespace millrace {

// librdkafka sends messages without a key to one partition for a while (sticky.partitioning.linger.ms), but finds that out
// for each anew: it locks the partition to see whether it has a broker, and reads the clock twice. Offered to a given
// partition they cost it half. So the first of a run is offered without a partition, and the others go where it went.
//
// Threads: one thread offers; librdkafka's tell of endings.
class Scout {
 public:
  // @brief Whether librdkafka keeps to one partition at all. @param conf a finished one, as of on_new
  static bool serves(const rd_kafka_conf_t *conf);
  // To be registered with each handle whose messages are offered by `produce`. @locality inside rd_kafka_produce_batch
  static rd_kafka_resp_err_t on_send(rd_kafka_t *, rd_kafka_message_t *message, void *);

  // @brief As rd_kafka_produce_batch for any partition; the messages have no keys.
  size_t produce(rd_kafka_topic_t *topic, int flags, rd_kafka_message_t *messages, size_t count);

  // @brief To be told of every message that has ended, before it is freed.
  // @locality any thread; a lock where it is the scout, held by nobody who waits for anything
  void ended(const rd_kafka_message_t *message) {
    // acquire: where it is not the scout any more, it has been read
    if (message == sent_.load(std::memory_order_acquire)) forget(message);
  }

 private:
  static constexpr int32_t kNowhere = -1;

  int32_t partition();
  void forget(const rd_kafka_message_t *message);

  std::mutex mutex_;
  // The message that was sent ahead, as long as it surely is in memory. Written before librdkafka's threads know of it.
  std::atomic<const rd_kafka_message_t *> sent_{nullptr};
  int32_t partition_ = kNowhere;  // where it was when it ended
};

}  // namespace millrace
