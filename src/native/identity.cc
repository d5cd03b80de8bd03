#include "identity.h"

#include <chrono>

namespace millrace {
namespace {

constexpr int kSliceMs = 50;
// Brokers before 2.8 have no ids.
constexpr const char *kNoId = "AAAAAAAAAAAAAAAAAAAAAA";

// librdkafka's objects of one request, destroyed with it. An answer that comes later is dropped with its queue.
class TopicsRequest {
 public:
  TopicsRequest(const Kafka *kafka, rd_kafka_t *rk, int32_t broker, const std::vector<std::string> &topics,
                int timeout_ms)
      : kafka_(kafka), queue_(kafka->rd_kafka_queue_new(rk)) {
    rd_kafka_AdminOptions_t *options = kafka->rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    char errstr[256];
    kafka->rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, errstr, sizeof(errstr));
    kafka->rd_kafka_AdminOptions_set_broker(options, broker, errstr, sizeof(errstr));
    std::vector<const char *> names;
    for (const std::string &topic : topics) names.push_back(topic.c_str());
    rd_kafka_TopicCollection_t *all = kafka->rd_kafka_TopicCollection_of_topic_names(names.data(), names.size());
    // copied by librdkafka
    kafka->rd_kafka_DescribeTopics(rk, all, options, queue_);
    kafka->rd_kafka_TopicCollection_destroy(all);
    kafka->rd_kafka_AdminOptions_destroy(options);
  }
  ~TopicsRequest() {
    if (event_ != nullptr) kafka_->rd_kafka_event_destroy(event_);
    kafka_->rd_kafka_queue_destroy(queue_);
  }
  TopicsRequest(const TopicsRequest &) = delete;

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

void read(const Kafka *kafka, rd_kafka_event_t *event, Identity *identity) {
  const rd_kafka_DescribeTopics_result_t *result = kafka->rd_kafka_event_DescribeTopics_result(event);
  if (kafka->rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == nullptr) return;
  size_t count = 0;
  const rd_kafka_TopicDescription_t **topics = kafka->rd_kafka_DescribeTopics_result_topics(result, &count);
  for (size_t i = 0; i < count; i++) {
    const rd_kafka_error_t *error = kafka->rd_kafka_TopicDescription_error(topics[i]);
    if (error != nullptr && kafka->rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const rd_kafka_Uuid_t *uuid = kafka->rd_kafka_TopicDescription_topic_id(topics[i]);
    const char *id = uuid == nullptr ? nullptr : kafka->rd_kafka_Uuid_base64str(uuid);
    const char *name = kafka->rd_kafka_TopicDescription_name(topics[i]);
    if (id != nullptr && name != nullptr && std::string(id) != kNoId) identity->topics.emplace_back(name, id);
  }
}

}  // namespace

Identity identify(Channel &channel, int32_t broker, const std::vector<std::string> &topics, int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const Kafka *kafka = Kafka::get();
  Identity identity;
  channel.visit([&](rd_kafka_t *rk) {
    // metadata came when the client connected
    char *cluster = kafka->rd_kafka_clusterid(rk, 0);
    if (cluster != nullptr) {
      identity.cluster = cluster;
      kafka->rd_kafka_mem_free(rk, cluster);
    }
    if (topics.empty()) return;
    TopicsRequest request(kafka, rk, broker, topics, timeout_ms);
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms + 4 * kSliceMs);
    while (channel.is_open() && Clock::now() < deadline) {
      rd_kafka_event_t *event = request.wait(kSliceMs);
      if (event == nullptr) continue;
      read(kafka, event, &identity);
      return;
    }
  });
  return identity;
}

}  // namespace millrace
