#include "readback.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "record_hash.h"

namespace millrace {
namespace {

// Messages that are taken out of the queue at once.
constexpr size_t kSlice = 2000;
// librdkafka waits so long for a slice to fill, so it is what the end of a partition costs.
constexpr int kSliceMs = 50;
// Records between two runs that are read rather than leapt over: about what was fetched beyond the first by then.
constexpr int64_t kLeap = 20'000;

// A name with NUL in it, which librdkafka gives as a C string, is cut there.
uint64_t hash_of(const Kafka *kafka, const rd_kafka_message_t *message) {
  RecordHash hash(message->payload, message->len, message->key, message->key_len);
  rd_kafka_headers_t *headers = nullptr;
  if (kafka->rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return hash.value();
  const char *name;
  const void *value;
  size_t size;
  for (size_t i = 0; kafka->rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
    hash.header(name, std::strlen(name), value, size);
  return hash.value();
}

// @brief Errors after which a partition gives nothing more.
bool is_gone(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID;
}

// @brief Errors after which there is no use in going on.
bool is_refusal(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || error == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
         error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED || error == RD_KAFKA_RESP_ERR__FATAL;
}

}  // namespace

ReadJob::ReadJob(std::vector<std::string> topics, std::vector<PartitionRuns> partitions, std::vector<OffsetRun> runs,
                 int timeout_ms)
    : partitions_(std::move(partitions)),
      runs_(std::move(runs)),
      names_(std::move(topics)),
      timeout_ms_(timeout_ms),
      cursors_(partitions_.size()),
      reading_(partitions_.size(), 0),
      ended_early_(partitions_.size(), 0) {}

ReadProgress ReadJob::progress() const {
  return {records_.load(std::memory_order_relaxed), bytes_.load(std::memory_order_relaxed)};
}

void ReadJob::run(const Session &session) {
  const Kafka *kafka = session.kafka;
  for (const std::string &name : names_)
    topics_.push_back({kafka->rd_kafka_topic_new(session.rk, name.c_str(), nullptr), {}});
  for (size_t i = 0; i < partitions_.size(); i++) {
    std::vector<int32_t> &places = topics_[partitions_[i].topic].places;
    const auto partition = static_cast<size_t>(partitions_[i].partition);
    if (places.size() <= partition) places.resize(partition + 1, -1);
    places[partition] = static_cast<int32_t>(i);
  }
  rd_kafka_queue_t *queue = kafka->rd_kafka_queue_new(session.rk);
  begin(session, queue);
  read(session, queue);
  for (PartitionRuns &left : partitions_) {
    const size_t place = &left - partitions_.data();
    if (reading_[place]) kafka->rd_kafka_consume_stop(topics_[left.topic].handle, left.partition);
  }
  kafka->rd_kafka_queue_destroy(queue);
  for (const Topic &topic : topics_)
    if (topic.handle != nullptr) kafka->rd_kafka_topic_destroy(topic.handle);
  topics_.clear();
}

void ReadJob::begin(const Session &session, rd_kafka_queue_t *queue) {
  for (size_t place = 0; place < partitions_.size() && !session.over(); place++) {
    PartitionRuns &at = partitions_[place];
    size_t &cursor = cursors_[place];
    cursor = at.begin;
    while (cursor < at.end && runs_[cursor].last < at.low) cursor++;
    at.next = cursor == at.end ? at.limit : std::max(at.low, runs_[cursor].first);
    if (at.next >= at.limit) {
      at.done = true;
      continue;
    }
    rd_kafka_topic_t *topic = topics_[at.topic].handle;
    if (topic == nullptr || session.kafka->rd_kafka_consume_start_queue(topic, at.partition, at.next, queue) != 0) {
      at.error = session.kafka->rd_kafka_last_error();
      continue;
    }
    reading_[place] = 1;
    open_++;
  }
}

void ReadJob::read(const Session &session, rd_kafka_queue_t *queue) {
  const Kafka *kafka = session.kafka;
  std::vector<rd_kafka_message_t *> messages(kSlice);
  auto last_moved = std::chrono::steady_clock::now();
  while (open_ > 0 && error == 0 && !session.over()) {
    kafka->rd_kafka_poll(session.rk, 0);
    const ssize_t count = kafka->rd_kafka_consume_batch_queue(queue, kSliceMs, messages.data(), messages.size());
    moved_ = false;
    for (ssize_t i = 0; i < count; i++) {
      take(session, messages[i]);
      kafka->rd_kafka_message_destroy(messages[i]);
    }
    const auto now = std::chrono::steady_clock::now();
    if (moved_) last_moved = now;
    else if (now - last_moved >= std::chrono::milliseconds(timeout_ms_)) {
      if (!only_early_ends_left()) return fail(RD_KAFKA_RESP_ERR__TIMED_OUT, "nothing came for too long");
      for (size_t place = 0; place < partitions_.size(); place++)
        if (reading_[place]) finish(session, &partitions_[place]);
    }
  }
}

// @brief The log may end before where it was told to end: it was cut, or a new leader does not show all of it yet. So
// that is waited for, like a record.
bool ReadJob::only_early_ends_left() const {
  for (size_t place = 0; place < partitions_.size(); place++)
    if (reading_[place] && !ended_early_[place]) return false;
  return true;
}

// @returns null where it is not read (any more)
PartitionRuns *ReadJob::find(const rd_kafka_message_t *message) {
  // messages come in hundreds of one topic
  if (topics_[recent_].handle != message->rkt) {
    const auto found = std::find_if(topics_.begin(), topics_.end(),
                                    [&](const Topic &topic) { return topic.handle == message->rkt; });
    if (found == topics_.end()) return nullptr;
    recent_ = static_cast<size_t>(found - topics_.begin());
  }
  const std::vector<int32_t> &places = topics_[recent_].places;
  const auto partition = static_cast<size_t>(message->partition);
  if (partition >= places.size() || places[partition] < 0) return nullptr;
  const auto place = static_cast<size_t>(places[partition]);
  return reading_[place] ? &partitions_[place] : nullptr;
}

void ReadJob::take(const Session &session, const rd_kafka_message_t *message) {
  PartitionRuns *at = find(message);
  if (at == nullptr) return;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return meet(session, message, at);
  // fetched again, or before a leap
  if (message->offset < at->next) return;
  moved_ = true;
  at->next = message->offset + 1;
  records_.store(records_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  bytes_.store(bytes_.load(std::memory_order_relaxed) + static_cast<int64_t>(message->len + message->key_len),
               std::memory_order_relaxed);
  const size_t place = at - partitions_.data();
  ended_early_[place] = 0;
  size_t &cursor = cursors_[place];
  while (cursor < at->end && runs_[cursor].last < message->offset) cursor++;
  if (cursor < at->end && runs_[cursor].first <= message->offset) {
    OffsetRun &run = runs_[cursor];
    run.records++;
    run.hash += hash_of(session.kafka, message);
    if (run.last > message->offset) {
      if (at->next >= at->limit) finish(session, at);
      return;
    }
    cursor++;
  }
  go_on(session, at);
}

// @brief Something instead of a record.
void ReadJob::meet(const Session &session, const rd_kafka_message_t *message, PartitionRuns *at) {
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    at->next = std::max(at->next, message->offset);
    if (message->offset >= at->limit) finish(session, at);
    else ended_early_[at - partitions_.data()] = 1;
    return;
  }
  if (at->error == 0) at->error = message->err;
  if (is_gone(message->err)) finish(session, at);
  // the text of an error stands where a record has its value
  const auto *text = static_cast<const char *>(message->payload);
  if (is_refusal(message->err)) fail(message->err, text == nullptr ? "" : std::string(text, message->len));
}

// @brief A run is behind: on to the next.
void ReadJob::go_on(const Session &session, PartitionRuns *at) {
  const size_t cursor = cursors_[at - partitions_.data()];
  const int64_t first = cursor == at->end ? at->limit : runs_[cursor].first;
  if (first >= at->limit || at->next >= at->limit) return finish(session, at);
  if (first - at->next < kLeap) return;
  // what comes from before is told by its offset
  if (session.kafka->rd_kafka_seek(topics_[at->topic].handle, at->partition, first, 0) == RD_KAFKA_RESP_ERR_NO_ERROR)
    at->next = first;
}

void ReadJob::finish(const Session &session, PartitionRuns *at) {
  at->done = true;
  reading_[at - partitions_.data()] = 0;
  open_--;
  moved_ = true;
  session.kafka->rd_kafka_consume_stop(topics_[at->topic].handle, at->partition);
}

}  // namespace millrace
