#include "describe.h"

#include <algorithm>
#include <chrono>
#include <map>

namespace millrace {
namespace {

constexpr int kSliceMs = 100;
constexpr int kFirstSliceMs = 500;
// What is asked beside, and may be left unanswered.
constexpr int kAsideMs = 5000;
// librdkafka has the answer when it knows any broker.
constexpr int kClusterIdMs = 1000;
constexpr const char *kPolicy = "cleanup.policy";
constexpr const char *kZeroId = "AAAAAAAAAAAAAAAAAAAAAA";

// A request's queue and options. One request each.
class Request {
 public:
  Request(const Session &session, rd_kafka_admin_op_t kind, int timeout_ms)
      : session_(session),
        queue_(session.kafka->rd_kafka_queue_new(session.rk)),
        options_(session.kafka->rd_kafka_AdminOptions_new(session.rk, kind)),
        deadline_(std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms)) {
    char text[256];
    session.kafka->rd_kafka_AdminOptions_set_request_timeout(options_, timeout_ms, text, sizeof(text));
  }
  ~Request() {
    if (event_ != nullptr) session_.kafka->rd_kafka_event_destroy(event_);
    session_.kafka->rd_kafka_AdminOptions_destroy(options_);
    // an answer that is still to come is dropped with it
    session_.kafka->rd_kafka_queue_destroy(queue_);
  }
  Request(const Request &) = delete;
  Request &operator=(const Request &) = delete;

  // @brief Otherwise the controller is asked, which embedded clusters have not got.
  void to(int32_t broker) {
    char text[256];
    session_.kafka->rd_kafka_AdminOptions_set_broker(options_, broker, text, sizeof(text));
  }

  rd_kafka_queue_t *queue() const { return queue_; }
  rd_kafka_AdminOptions_t *options() const { return options_; }

  // @returns the answer, which lives as long as this; null, with \p error and \p why, without one or when cancelled
  rd_kafka_event_t *answer(int *error, std::string *why) {
    // librdkafka keeps to the time; a second more is for an answer on its way
    const auto last = deadline_ + std::chrono::seconds(1);
    while (!session_.over() && event_ == nullptr && std::chrono::steady_clock::now() < last) {
      session_.kafka->rd_kafka_poll(session_.rk, 0);
      event_ = session_.kafka->rd_kafka_queue_poll(queue_, kSliceMs);
    }
    if (event_ == nullptr) {
      *error = session_.over() ? RD_KAFKA_RESP_ERR__DESTROY : RD_KAFKA_RESP_ERR__TIMED_OUT;
      *why = "no answer in time";
      return nullptr;
    }
    *error = session_.kafka->rd_kafka_event_error(event_);
    if (*error == RD_KAFKA_RESP_ERR_NO_ERROR) return event_;
    const char *text = session_.kafka->rd_kafka_event_error_string(event_);
    *why = text == nullptr ? "" : text;
    return nullptr;
  }

 private:
  const Session &session_;
  rd_kafka_queue_t *queue_;
  rd_kafka_AdminOptions_t *options_;
  rd_kafka_event_t *event_ = nullptr;
  const std::chrono::steady_clock::time_point deadline_;
};

}  // namespace

void DescribeJob::run(const Session &session) {
  for (const std::string &name : names_) {
    TopicFacts facts = find_topic(session, name);
    if (error != 0) return;
    topics.push_back(std::move(facts));
  }
  if (char *id = session.kafka->rd_kafka_clusterid(session.rk, kClusterIdMs)) {
    cluster_id = id;
    session.kafka->rd_kafka_mem_free(session.rk, id);
  }
  describe_ids(session);
  describe_policies(session);
}

// @brief A request blocks, and cannot be cut short: short ones first, so that a cancelled job ends soon, then longer ones,
// for a slow cluster.
// @locality the reader's thread
TopicFacts DescribeJob::find_topic(const Session &session, const std::string &name) {
  const Kafka *kafka = session.kafka;
  TopicFacts facts;
  facts.name = name;
  rd_kafka_topic_t *topic = kafka->rd_kafka_topic_new(session.rk, name.c_str(), nullptr);
  if (topic == nullptr) {
    facts.error = RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
    return facts;
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms_);
  const struct rd_kafka_metadata *metadata = nullptr;
  for (int slice = kFirstSliceMs; metadata == nullptr; slice *= 2) {
    kafka->rd_kafka_poll(session.rk, 0);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (session.over() || left.count() <= 0) break;
    const int wait = std::max(1, std::min(slice, static_cast<int>(left.count())));
    error = kafka->rd_kafka_metadata(session.rk, 0, topic, &metadata, wait);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
  }
  kafka->rd_kafka_poll(session.rk, 0);
  kafka->rd_kafka_topic_destroy(topic);
  if (metadata == nullptr) {
    if (error == 0) fail(RD_KAFKA_RESP_ERR__TIMED_OUT, "");
    return facts;
  }
  if (metadata->broker_cnt > 0) broker_ = metadata->brokers[0].id;
  facts.error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  for (int i = 0; i < metadata->topic_cnt; i++) {
    if (name != metadata->topics[i].topic) continue;
    facts.error = metadata->topics[i].err;
    facts.partitions = metadata->topics[i].partition_cnt;
  }
  kafka->rd_kafka_metadata_destroy(metadata);
  return facts;
}

// @brief Not to be had from old clusters, and embedded ones: then the ids stay unknown.
// @locality the reader's thread
void DescribeJob::describe_ids(const Session &session) {
  const Kafka *kafka = session.kafka;
  std::vector<const char *> names;
  for (const TopicFacts &topic : topics)
    if (topic.error == 0) names.push_back(topic.name.c_str());
  if (names.empty() || broker_ < 0) return;
  Request request(session, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, std::min(timeout_ms_, kAsideMs));
  request.to(broker_);
  auto *collection = kafka->rd_kafka_TopicCollection_of_topic_names(names.data(), names.size());
  kafka->rd_kafka_DescribeTopics(session.rk, collection, request.options(), request.queue());
  kafka->rd_kafka_TopicCollection_destroy(collection);
  int unanswered = 0;
  std::string unused;
  rd_kafka_event_t *event = request.answer(&unanswered, &unused);
  if (event == nullptr) return;
  size_t count = 0;
  const auto **described =
      kafka->rd_kafka_DescribeTopics_result_topics(kafka->rd_kafka_event_DescribeTopics_result(event), &count);
  for (size_t i = 0; i < count; i++) {
    const rd_kafka_error_t *wrong = kafka->rd_kafka_TopicDescription_error(described[i]);
    if (wrong != nullptr && kafka->rd_kafka_error_code(wrong) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const rd_kafka_Uuid_t *id = kafka->rd_kafka_TopicDescription_topic_id(described[i]);
    const char *text = id == nullptr ? nullptr : kafka->rd_kafka_Uuid_base64str(id);
    if (text == nullptr || std::string(text) == kZeroId) continue;
    const std::string name = kafka->rd_kafka_TopicDescription_name(described[i]);
    for (TopicFacts &topic : topics)
      if (topic.name == name) topic.id = text;
  }
}

// @brief Not to be had from an embedded cluster, or without the right to ask: then the policies stay unknown.
// @locality the reader's thread
void DescribeJob::describe_policies(const Session &session) {
  const Kafka *kafka = session.kafka;
  std::vector<rd_kafka_ConfigResource_t *> resources;
  for (const TopicFacts &topic : topics) {
    if (topic.error == 0)
      resources.push_back(kafka->rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.name.c_str()));
  }
  if (resources.empty()) return;
  Request request(session, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, std::min(timeout_ms_, kAsideMs));
  request.to(broker_);
  kafka->rd_kafka_DescribeConfigs(session.rk, resources.data(), resources.size(), request.options(), request.queue());
  for (auto *resource : resources) kafka->rd_kafka_ConfigResource_destroy(resource);
  int unanswered = 0;
  std::string unused;
  rd_kafka_event_t *event = request.answer(&unanswered, &unused);
  if (event == nullptr) return;
  size_t count = 0;
  const auto **described =
      kafka->rd_kafka_DescribeConfigs_result_resources(kafka->rd_kafka_event_DescribeConfigs_result(event), &count);
  for (size_t i = 0; i < count; i++) {
    if (kafka->rd_kafka_ConfigResource_error(described[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const std::string name = kafka->rd_kafka_ConfigResource_name(described[i]);
    const auto topic = std::find_if(topics.begin(), topics.end(), [&](const TopicFacts &one) { return one.name == name; });
    size_t entries = 0;
    const auto **configs = kafka->rd_kafka_ConfigResource_configs(described[i], &entries);
    for (size_t j = 0; j < entries && topic != topics.end(); j++) {
      const char *value = kafka->rd_kafka_ConfigEntry_value(configs[j]);
      if (value == nullptr || std::string(kafka->rd_kafka_ConfigEntry_name(configs[j])) != kPolicy) continue;
      topic->has_policy = true;
      topic->cleanup_policy = value;
    }
  }
}

void OffsetsJob::run(const Session &session) {
  list(session, RD_KAFKA_OFFSET_SPEC_EARLIEST, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED, &PartitionOffsets::low);
  if (error == 0)
    list(session, RD_KAFKA_OFFSET_SPEC_LATEST, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED, &PartitionOffsets::high);
  if (error == 0)
    list(session, RD_KAFKA_OFFSET_SPEC_LATEST, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED, &PartitionOffsets::stable);
}

// @locality the reader's thread
void OffsetsJob::list(const Session &session, int64_t spec, rd_kafka_IsolationLevel_t isolation,
                      int64_t PartitionOffsets::*into) {
  const Kafka *kafka = session.kafka;
  Request request(session, RD_KAFKA_ADMIN_OP_LISTOFFSETS, timeout_ms_);
  if (rd_kafka_error_t *refused = kafka->rd_kafka_AdminOptions_set_isolation_level(request.options(), isolation))
    kafka->rd_kafka_error_destroy(refused);
  auto *asked = kafka->rd_kafka_topic_partition_list_new(static_cast<int>(names_.size()));
  std::map<std::pair<std::string, int32_t>, size_t> places;
  for (size_t i = 0; i < names_.size(); i++) {
    kafka->rd_kafka_topic_partition_list_add(asked, names_[i].topic.c_str(), names_[i].partition)->offset = spec;
    places.emplace(std::make_pair(names_[i].topic, names_[i].partition), i);
  }
  kafka->rd_kafka_ListOffsets(session.rk, asked, request.options(), request.queue());
  kafka->rd_kafka_topic_partition_list_destroy(asked);
  rd_kafka_event_t *event = request.answer(&error, &why);
  if (event == nullptr) return;
  size_t count = 0;
  const auto **infos =
      kafka->rd_kafka_ListOffsets_result_infos(kafka->rd_kafka_event_ListOffsets_result(event), &count);
  for (size_t i = 0; i < count; i++) {
    const auto *found = kafka->rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    const auto place = places.find({found->topic, found->partition});
    if (place == places.end()) continue;
    PartitionOffsets &to = offsets[place->second];
    if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR) to.error = found->err;
    else to.*into = found->offset;
  }
}

}  // namespace millrace
