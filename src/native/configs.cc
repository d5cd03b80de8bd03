#include "configs.h"

namespace millrace {
namespace {

std::string text(const char *from) { return from == nullptr ? "" : from; }

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

}  // namespace

void ask_configs(const Kafka *kafka, rd_kafka_t *rk, const std::vector<std::string> &topics,
                 const AdminRequest &request) {
  std::vector<rd_kafka_ConfigResource_t *> resources;
  for (const std::string &topic : topics) {
    // null for an empty name
    rd_kafka_ConfigResource_t *resource = kafka->rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
    if (resource != nullptr) resources.push_back(resource);
  }
  // copied by librdkafka
  kafka->rd_kafka_DescribeConfigs(rk, resources.data(), resources.size(), request.options(), request.queue());
  for (rd_kafka_ConfigResource_t *resource : resources) kafka->rd_kafka_ConfigResource_destroy(resource);
}

ConfigsAnswer read_configs(const Kafka *kafka, rd_kafka_event_t *event) {
  ConfigsAnswer answer{kafka->rd_kafka_event_error(event), text(kafka->rd_kafka_event_error_string(event)), {}};
  const rd_kafka_DescribeConfigs_result_t *result = kafka->rd_kafka_event_DescribeConfigs_result(event);
  if (answer.error != RD_KAFKA_RESP_ERR_NO_ERROR || result == nullptr) return answer;
  size_t count = 0;
  const rd_kafka_ConfigResource_t **resources = kafka->rd_kafka_DescribeConfigs_result_resources(result, &count);
  for (size_t i = 0; i < count; i++) answer.topics.push_back(read(kafka, resources[i]));
  return answer;
}

ConfigsAnswer describe_topic_configs(Channel &channel, int32_t broker, const std::vector<std::string> &topics,
                                     int timeout_ms) {
  const Kafka *kafka = Kafka::get();
  ConfigsAnswer answer{RD_KAFKA_RESP_ERR__DESTROY, "", {}};
  channel.visit([&](rd_kafka_t *rk) {
    AdminRequest request(kafka, rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
    request.to(broker);
    ask_configs(kafka, rk, topics, request);
    rd_kafka_event_t *event = request.answer([&] { return channel.is_open(); });
    if (event != nullptr) answer = read_configs(kafka, event);
    else if (channel.is_open()) answer.error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  });
  return answer;
}

}  // namespace millrace
