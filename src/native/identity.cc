#include "identity.h"

namespace millrace {
namespace {

// Brokers before 2.8 have no ids.
constexpr const char *kNoId = "AAAAAAAAAAAAAAAAAAAAAA";

}  // namespace

std::string cluster_id(const Kafka *kafka, rd_kafka_t *rk, int timeout_ms) {
  char *told = kafka->rd_kafka_clusterid(rk, timeout_ms);
  if (told == nullptr) return "";
  std::string id = told;
  kafka->rd_kafka_mem_free(rk, told);
  return id;
}

void ask_topic_ids(const Kafka *kafka, rd_kafka_t *rk, const std::vector<std::string> &topics,
                   const AdminRequest &request) {
  std::vector<const char *> names;
  for (const std::string &topic : topics) names.push_back(topic.c_str());
  rd_kafka_TopicCollection_t *all = kafka->rd_kafka_TopicCollection_of_topic_names(names.data(), names.size());
  // copied by librdkafka
  kafka->rd_kafka_DescribeTopics(rk, all, request.options(), request.queue());
  kafka->rd_kafka_TopicCollection_destroy(all);
}

TopicIds read_topic_ids(const Kafka *kafka, rd_kafka_event_t *event) {
  TopicIds ids;
  const rd_kafka_DescribeTopics_result_t *result = kafka->rd_kafka_event_DescribeTopics_result(event);
  if (kafka->rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == nullptr) return ids;
  size_t count = 0;
  const rd_kafka_TopicDescription_t **topics = kafka->rd_kafka_DescribeTopics_result_topics(result, &count);
  for (size_t i = 0; i < count; i++) {
    const rd_kafka_error_t *error = kafka->rd_kafka_TopicDescription_error(topics[i]);
    if (error != nullptr && kafka->rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const rd_kafka_Uuid_t *uuid = kafka->rd_kafka_TopicDescription_topic_id(topics[i]);
    const char *id = uuid == nullptr ? nullptr : kafka->rd_kafka_Uuid_base64str(uuid);
    const char *name = kafka->rd_kafka_TopicDescription_name(topics[i]);
    if (id != nullptr && name != nullptr && std::string(id) != kNoId) ids.emplace_back(name, id);
  }
  return ids;
}

Identity identify(Channel &channel, int32_t broker, const std::vector<std::string> &topics, int timeout_ms) {
  const Kafka *kafka = Kafka::get();
  Identity identity;
  channel.visit([&](rd_kafka_t *rk) {
    // metadata came when the client connected
    identity.cluster = cluster_id(kafka, rk, 0);
    if (topics.empty()) return;
    AdminRequest request(kafka, rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, timeout_ms);
    request.to(broker);
    ask_topic_ids(kafka, rk, topics, request);
    rd_kafka_event_t *event = request.answer([&] { return channel.is_open(); });
    if (event != nullptr) identity.topics = read_topic_ids(kafka, event);
  });
  return identity;
}

}  // namespace millrace
