#include "scout.h"

#include <cstdlib>
#include <cstring>

namespace millrace {
namespace {

// A shorter run is offered as it is.
constexpr size_t kWorthwhile = 8;

// Of the message that this thread is offering; null: none that is sent ahead.
thread_local std::atomic<const rd_kafka_message_t *> *t_sent = nullptr;

}  // namespace

bool Scout::serves(const rd_kafka_conf_t *conf) {
  const Kafka *kafka = Kafka::get();
  char value[64];
  size_t size = sizeof(value);
  if (kafka->rd_kafka_conf_get(conf, "sticky.partitioning.linger.ms", value, &size) != RD_KAFKA_CONF_OK) return false;
  if (std::atoi(value) <= 0) return false;
  size = sizeof(value);
  // where it is not set, librdkafka's default keeps to one, too
  if (kafka->rd_kafka_conf_get(conf, "partitioner", value, &size) != RD_KAFKA_CONF_OK) return true;
  for (const char *hashing : {"consistent", "murmur2", "fnv1a"}) {
    if (std::strcmp(value, hashing) == 0) return false;
  }
  return true;
}

rd_kafka_resp_err_t Scout::on_send(rd_kafka_t *, rd_kafka_message_t *message, void *) {
  if (t_sent != nullptr) t_sent->store(message, std::memory_order_relaxed);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

size_t Scout::produce(rd_kafka_topic_t *topic, int flags, rd_kafka_message_t *messages, size_t count) {
  const auto offer = [&](int32_t partition, size_t from, size_t to) {
    return static_cast<size_t>(Kafka::get()->rd_kafka_produce_batch(topic, partition, flags, messages + from,
                                                                    static_cast<int>(to - from)));
  };
  if (count < kWorthwhile) return offer(RD_KAFKA_PARTITION_UA, 0, count);
  partition_ = kNowhere;
  t_sent = &sent_;
  const size_t ahead = offer(RD_KAFKA_PARTITION_UA, 0, 1);
  t_sent = nullptr;
  // one that was not taken is in memory no more
  if (ahead == 0) sent_.store(nullptr, std::memory_order_relaxed);
  return ahead + offer(ahead == 0 ? kNowhere : partition(), 1, count);
}

// @returns where the message ahead went; kNowhere while librdkafka does not know the topic, and where it is no librdkafka
int32_t Scout::partition() {
  std::lock_guard<std::mutex> lock(mutex_);
  const rd_kafka_message_t *message = sent_.load(std::memory_order_relaxed);
  // librdkafka's main thread writes it, too, for a topic that was unknown
  if (message != nullptr) partition_ = __atomic_load_n(&message->partition, __ATOMIC_RELAXED);
  // only now: who ends it and finds that it is not the scout lets it be freed without the lock
  sent_.store(nullptr, std::memory_order_release);
  return partition_;
}

void Scout::forget(const rd_kafka_message_t *message) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (sent_.load(std::memory_order_relaxed) != message) return;
  partition_ = message->partition;
  sent_.store(nullptr, std::memory_order_relaxed);
}

}  // namespace millrace
