// A message on its way into librdkafka, and one that comes back unsent.
#pragma once

#include <cstdint>
#include <string>

#include "kafka.h"

namespace millrace {

// As the binding hands it over; pointers are valid during the call only, unless `borrow` is set.
struct Outgoing {
  int32_t topic;      // the lane's number
  int32_t partition;  // RD_KAFKA_PARTITION_UA: the partitioner chooses
  const void *key;    // null: none
  size_t key_size;
  const void *value;  // null: a tombstone
  size_t value_size;
  int64_t timestamp;       // 0: now
  const uint8_t *headers;  // as packer.ts writes them; null: none
  size_t headers_size;
  bool borrow;  // the value stays where it is until the message has ended: librdkafka need not copy it
};

// @brief Hands a message to librdkafka. @returns its error, 0 for none
// @locality any thread; the handle and the topic must not go away meanwhile
int16_t produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, const Outgoing &message, void *opaque);

// @returns whether this thread is inside `produce`: librdkafka calls the acknowledgement interceptor there for a
// message that it rejects, and returns the error as well. The return value counts.
bool producing();

// A message of another thread's that was never sent, with bytes of its own.
struct Unsent {
  std::string topic;
  int32_t partition = RD_KAFKA_PARTITION_UA;
  bool has_key = false;
  bool has_value = false;
  std::string key;
  std::string value;
  int64_t timestamp = 0;
  std::string headers;  // as packer.ts writes them
  Unsent *next = nullptr;
};

// @brief Copies what librdkafka drops. @locality inside an acknowledgement; reads the message only
Unsent *copy_of(const rd_kafka_message_t *message, bool pinned);

}  // namespace millrace
