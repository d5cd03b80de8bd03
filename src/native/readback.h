// Reads runs of offsets back, and says of each how many records are there and what their hashes sum up to.
#pragma once

#include "reader.h"

namespace millrace {

// Offsets of one partition, both ends inclusive.
struct OffsetRun {
  int64_t first;
  int64_t last;
  // what was found
  uint64_t records = 0;
  uint64_t hash = 0;
};

// Runs of one partition, a piece of all runs: in order, none overlapping another.
struct PartitionRuns {
  size_t topic;  // its place among the topics
  int32_t partition;
  size_t begin;
  size_t end;
  int64_t low;    // nothing before this is there any more
  int64_t limit;  // nothing from here on is to be read
  // how it ended
  int error = 0;      // the first that the partition met; 0 for none
  int64_t next = 0;   // all before this was looked at
  bool done = false;  // all of it was
};

struct ReadProgress {
  int64_t records;
  int64_t bytes;  // of keys and values
};

// All partitions are fetched at the same time into one queue, whose bounds are the handle's (queued.min.messages and
// others, see engine/reader.ts), and records are hashed where librdkafka has them. librdkafka's simple consumer: it has no
// group, so no right on one is needed, and nothing is committed.
//
// Between runs it reads on where the next is near, and seeks where it is far.
class ReadJob : public Job {
 public:
  // @param timeout_ms how long nothing may come
  ReadJob(std::vector<std::string> topics, std::vector<PartitionRuns> partitions, std::vector<OffsetRun> runs,
          int timeout_ms);
  void run(const Session &session) override;

  // @locality any thread
  ReadProgress progress() const;

  // for who reads results: after the end
  const std::vector<PartitionRuns> &partitions() const { return partitions_; }
  const std::vector<OffsetRun> &runs() const { return runs_; }

 private:
  struct Topic {
    rd_kafka_topic_t *handle;
    std::vector<int32_t> places;  // by partition: its place in partitions_; -1: not read
  };

  // all @locality the reader's thread; no locks
  void begin(const Session &session, rd_kafka_queue_t *queue);
  void read(const Session &session, rd_kafka_queue_t *queue);
  void take(const Session &session, const rd_kafka_message_t *message);
  void meet(const Session &session, const rd_kafka_message_t *message, PartitionRuns *at);
  void go_on(const Session &session, PartitionRuns *at);
  void finish(const Session &session, PartitionRuns *at);
  bool only_early_ends_left() const;
  PartitionRuns *find(const rd_kafka_message_t *message);

  std::vector<PartitionRuns> partitions_;
  std::vector<OffsetRun> runs_;
  const std::vector<std::string> names_;
  const int timeout_ms_;

  // the reader's thread only
  std::vector<Topic> topics_;
  std::vector<size_t> cursors_;  // of each partition: the first run that is not behind
  std::vector<char> reading_;    // of each partition
  std::vector<char> ended_early_;
  size_t open_ = 0;
  size_t recent_ = 0;  // topic
  bool moved_ = false;

  // written by the reader's thread, read by any
  std::atomic<int64_t> records_{0};
  std::atomic<int64_t> bytes_{0};
};

}  // namespace millrace
