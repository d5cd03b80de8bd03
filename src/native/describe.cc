#include "describe.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "configs.h"
#include "identity.h"

namespace millrace {
namespace {

constexpr int kFirstSliceMs = 500;
// What is asked beside, and may be left unanswered.
constexpr int kAsideMs = 5000;
// librdkafka has the answer when it knows any broker.
constexpr int kClusterIdMs = 1000;
constexpr const char *kPolicy = "cleanup.policy";

// @returns the answer, or null where none came before the job is cancelled or time is up
rd_kafka_event_t *answer_of(const Session &session, AdminRequest &request) {
  return request.answer([&] {
    session.kafka->rd_kafka_poll(session.rk, 0);
    return !session.over();
  });
}

}  // namespace

void DescribeJob::run(const Session &session) {
  for (const std::string &name : names_) {
    TopicFacts facts = find_topic(session, name);
    if (error != 0) return;
    topics.push_back(std::move(facts));
  }
  cluster_id = millrace::cluster_id(session.kafka, session.rk, kClusterIdMs);
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
  const std::vector<std::string> names = found();
  if (names.empty() || broker_ < 0) return;
  AdminRequest request(session.kafka, session.rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, std::min(timeout_ms_, kAsideMs));
  request.to(broker_);
  ask_topic_ids(session.kafka, session.rk, names, request);
  rd_kafka_event_t *event = answer_of(session, request);
  if (event == nullptr) return;
  for (const auto &[name, id] : read_topic_ids(session.kafka, event))
    for (TopicFacts &topic : topics)
      if (topic.name == name) topic.id = id;
}

// @brief Not to be had from an embedded cluster, or without the right to ask: then the policies stay unknown.
// @locality the reader's thread
void DescribeJob::describe_policies(const Session &session) {
  const std::vector<std::string> names = found();
  if (names.empty() || broker_ < 0) return;
  AdminRequest request(session.kafka, session.rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, std::min(timeout_ms_, kAsideMs));
  request.to(broker_);
  ask_configs(session.kafka, session.rk, names, request);
  rd_kafka_event_t *event = answer_of(session, request);
  if (event == nullptr) return;
  for (const TopicConfigs &configs : read_configs(session.kafka, event).topics) {
    if (configs.error != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    for (const auto &[name, value] : configs.entries) {
      if (name != kPolicy) continue;
      for (TopicFacts &topic : topics) {
        if (topic.name != configs.topic) continue;
        topic.has_policy = true;
        topic.cleanup_policy = value;
      }
    }
  }
}

// @returns the names of those that are there
std::vector<std::string> DescribeJob::found() const {
  std::vector<std::string> names;
  for (const TopicFacts &topic : topics)
    if (topic.error == 0) names.push_back(topic.name);
  return names;
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
  AdminRequest request(kafka, session.rk, RD_KAFKA_ADMIN_OP_LISTOFFSETS, timeout_ms_);
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
  rd_kafka_event_t *event = answer_of(session, request);
  if (event == nullptr) return fail(session.over() ? RD_KAFKA_RESP_ERR__DESTROY : RD_KAFKA_RESP_ERR__TIMED_OUT, "no answer in time");
  if (const int refused = kafka->rd_kafka_event_error(event)) {
    const char *text = kafka->rd_kafka_event_error_string(event);
    return fail(refused, text == nullptr ? "" : text);
  }
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
