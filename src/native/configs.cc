#include "configs.h"

#include <chrono>

namespace millrace {
namespace {

constexpr int kSliceMs = 50;

std::string text(const char *from) { return from == nullptr ? "" : from; }

// librdkafka's objects of one request, destroyed with it. An answer that comes later is dropped with its queue.
class Request {
 public:
  Request(const Kafka *kafka, rd_kafka_t *rk, int32_t broker, const std::vector<std::string> &topics, int timeout_ms)
      : kafka_(kafka), queue_(kafka->rd_kafka_queue_new(rk)) {
    rd_kafka_AdminOptions_t *options = kafka->rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    char errstr[256];
    kafka->rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, errstr, sizeof(errstr));
    kafka->rd_kafka_AdminOptions_set_broker(options, broker, errstr, sizeof(errstr));
    std::vector<rd_kafka_ConfigResource_t *> resources;
    for (const std::string &topic : topics) {
      // null for an empty name
      rd_kafka_ConfigResource_t *resource = kafka->rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
      if (resource != nullptr) resources.push_back(resource);
    }
    // copied by librdkafka
    kafka->rd_kafka_DescribeConfigs(rk, resources.data(), resources.size(), options, queue_);
    for (rd_kafka_ConfigResource_t *resource : resources) kafka->rd_kafka_ConfigResource_destroy(resource);
    kafka->rd_kafka_AdminOptions_destroy(options);
  }
  ~Request() {
    if (event_ != nullptr) kafka_->rd_kafka_event_destroy(event_);
    kafka_->rd_kafka_queue_destroy(queue_);
  }
  Request(const Request &) = delete;

  // @returns the answer, owned by this; null while there is none
  rd_kafka_event_t *wait(int ms) {
    event_ = kafka_->rd_kafka_queue_poll(queue_, ms);
    return event_;
  }

 private:
  const Kafka *kafka_;
  rd_kafka_queue_t *queue_;
  rd_kafka_event_t *event_ = nullptr;
};

TopicConfigs read(const Kafka *kafka, const rd_kafka_ConfigResource_t *resource) {
  TopicConfigs topic{text(kafka->rd_kafka_ConfigResource_name(resource)), kafka->rd_kafka_ConfigResource_error(resource),
                     text(kafka->rd_kafka_ConfigResource_error_string(resource)),
                     {}};
  size_t count = 0;
  const rd_kafka_ConfigEntry_t **entries = kafka->rd_kafka_ConfigResource_configs(resource, &count);
  for (size_t i = 0; i < count; i++) {
    const char *value = kafka->rd_kafka_ConfigEntry_value(entries[i]);
    if (value != nullptr) topic.entries.emplace_back(text(kafka->rd_kafka_ConfigEntry_name(entries[i])), value);
  }
  return topic;
}

ConfigsAnswer read(const Kafka *kafka, rd_kafka_event_t *event) {
  ConfigsAnswer answer{kafka->rd_kafka_event_error(event), text(kafka->rd_kafka_event_error_string(event)), {}};
  const rd_kafka_DescribeConfigs_result_t *result = kafka->rd_kafka_event_DescribeConfigs_result(event);
  if (answer.error != RD_KAFKA_RESP_ERR_NO_ERROR || result == nullptr) return answer;
  size_t count = 0;
  const rd_kafka_ConfigResource_t **resources = kafka->rd_kafka_DescribeConfigs_result_resources(result, &count);
  for (size_t i = 0; i < count; i++) answer.topics.push_back(read(kafka, resources[i]));
  return answer;
}

}  // namespace

ConfigsAnswer describe_topic_configs(Channel &channel, int32_t broker, const std::vector<std::string> &topics,
                                     int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const Kafka *kafka = Kafka::get();
  ConfigsAnswer answer{RD_KAFKA_RESP_ERR__DESTROY, "", {}};
  channel.visit([&](rd_kafka_t *rk) {
    Request request(kafka, rk, broker, topics, timeout_ms);
    // librdkafka keeps the time, too; with a slice more, its own reason comes first
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms + 4 * kSliceMs);
    while (channel.is_open()) {
      if (rd_kafka_event_t *event = request.wait(kSliceMs)) {
        answer = read(kafka, event);
        return;
      }
      if (Clock::now() < deadline) continue;
      answer.error = RD_KAFKA_RESP_ERR__TIMED_OUT;
      return;
    }
  });
  return answer;
}

}  // namespace millrace
