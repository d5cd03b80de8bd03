// What a cluster says of topics and of the offsets of their partitions.
#pragma once

#include "reader.h"

namespace millrace {

struct TopicFacts {
  std::string name;
  int error = 0;         // of this topic, such as that it is not there
  std::string id;        // empty where the cluster has none
  int32_t partitions = 0;
  bool has_policy = false;
  std::string cleanup_policy;
};

// Of the cluster its id, of each topic its id, number of partitions and cleanup policy.
class DescribeJob : public Job {
 public:
  DescribeJob(std::vector<std::string> topics, int timeout_ms) : names_(std::move(topics)), timeout_ms_(timeout_ms) {}
  void run(const Session &session) override;

  std::string cluster_id;  // empty where the cluster has none
  std::vector<TopicFacts> topics;

 private:
  TopicFacts find_topic(const Session &session, const std::string &name);
  void describe_ids(const Session &session);
  void describe_policies(const Session &session);
  std::vector<std::string> found() const;

  const std::vector<std::string> names_;
  const int timeout_ms_;
  int32_t broker_ = -1;  // one that answered: it is asked on
};

struct PartitionName {
  std::string topic;
  int32_t partition;
};

struct PartitionOffsets {
  int error = 0;
  int64_t low = -1;     // of the first record that is still there
  int64_t high = -1;    // one behind the last record
  int64_t stable = -1;  // one behind the last record that no open transaction holds back
};

class OffsetsJob : public Job {
 public:
  OffsetsJob(std::vector<PartitionName> partitions, int timeout_ms)
      : names_(std::move(partitions)), timeout_ms_(timeout_ms), offsets(names_.size()) {}
  void run(const Session &session) override;

 private:
  void list(const Session &session, int64_t spec, rd_kafka_IsolationLevel_t isolation,
            int64_t PartitionOffsets::*into);

  const std::vector<PartitionName> names_;
  const int timeout_ms_;

 public:
  std::vector<PartitionOffsets> offsets;  // in the order of the partitions
};

}  // namespace millrace
