// A message on its way into librdkafka, and one that comes back unsent.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "kafka.h"
#include "scout.h"

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

// Messages of one topic that are given the same partition, or none, and no time, handed over in one call: librdkafka takes
// the topic's lock and reads the clock once for all of them. Belongs to one thread.
class Run {
 public:
  static constexpr size_t kMost = 1000;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // @returns whether \p message can go along with those that are there
  bool takes(const Outgoing &message) const {
    if (message.timestamp != 0 || message.headers_size != 0) return false;
    if (size_ == 0) return true;
    return message.topic == topic_ && message.partition == partition_ && message.borrow == borrow_ && size_ < kMost;
  }
  // @param message one that it takes
  void add(const Outgoing &message, void *opaque) {
    topic_ = message.topic;
    partition_ = message.partition;
    borrow_ = message.borrow;
    rd_kafka_message_t &one = messages_[size_++];
    one.payload = const_cast<void *>(message.value);
    one.len = message.value_size;
    one.key = const_cast<void *>(message.key);
    one.key_len = message.key_size;
    one._private = opaque;
    if (message.key != nullptr) keys_ = true;
  }
  void truncate(size_t size) { size_ = std::min(size_, size); }
  void belongs(size_t i, void *opaque) { messages_[i]._private = opaque; }
  int32_t topic() const { return topic_; }
  // RD_KAFKA_PARTITION_UA: librdkafka chooses
  int32_t partition() const { return partition_; }
  // @param scout null: librdkafka is asked for each one's partition
  // @returns how many librdkafka took; `error` tells of each. @locality as of `produce`
  size_t produce(rd_kafka_topic_t *topic, Scout *scout);
  // @brief None of them has a topic.
  size_t refuse() {
    for (size_t i = 0; i < size_; i++) messages_[i].err = RD_KAFKA_RESP_ERR__INVALID_ARG;
    return 0;
  }
  int16_t error(size_t i) const { return static_cast<int16_t>(messages_[i].err); }
  void *opaque(size_t i) const { return messages_[i]._private; }
  size_t bytes(size_t i) const { return messages_[i].len + messages_[i].key_len; }
  void clear() {
    size_ = 0;
    keys_ = false;
  }

 private:
  int32_t topic_ = 0;
  int32_t partition_ = RD_KAFKA_PARTITION_UA;
  bool borrow_ = false;
  bool keys_ = false;  // one of them has one
  size_t size_ = 0;
  // librdkafka writes each one's error, and reads no other of the fields that are left as they are
  std::vector<rd_kafka_message_t> messages_ = std::vector<rd_kafka_message_t>(kMost);
};

// @brief Hands a message to librdkafka. @returns its error, 0 for none
// @locality any thread; the handle and the topic must not go away meanwhile
int16_t produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, const Outgoing &message, void *opaque);

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

// @brief Copies what librdkafka drops. @locality within its report; reads the message only
Unsent *copy_of(const rd_kafka_message_t *message, bool pinned);

}  // namespace millrace
