#include "sink.h"

#include <chrono>
#include <thread>

namespace millrace {
namespace {

// A sink's handle and its topics are the address of its tag: nobody reads there, and no other object has it.
char tags[Sink::kMost];
std::shared_ptr<Sink> sinks[Sink::kMost];
std::mutex sinks_mutex;
// What the table had before.
Kafka original;

bool is_tag(const void *handle) {
  const auto at = reinterpret_cast<uintptr_t>(handle);
  const auto first = reinterpret_cast<uintptr_t>(tags);
  return at >= first && at < first + Sink::kMost;
}

// @returns the sink that a handle or topic stands for, or null for librdkafka's own
Sink *sink_of(const void *handle) {
  return is_tag(handle) ? sinks[static_cast<const char *>(handle) - tags].get() : nullptr;
}

std::shared_ptr<Sink> find(uint32_t number) {
  std::lock_guard<std::mutex> lock(sinks_mutex);
  return number >= 1 && number <= Sink::kMost ? sinks[number - 1] : nullptr;
}

rd_kafka_topic_t *topic_new(rd_kafka_t *rk, const char *name, rd_kafka_topic_conf_t *conf) {
  return is_tag(rk) ? reinterpret_cast<rd_kafka_topic_t *>(rk) : original.rd_kafka_topic_new(rk, name, conf);
}

void topic_destroy(rd_kafka_topic_t *topic) {
  if (!is_tag(topic)) original.rd_kafka_topic_destroy(topic);
}

int produce_batch(rd_kafka_topic_t *topic, int32_t partition, int flags, rd_kafka_message_t *messages, int count) {
  Sink *sink = sink_of(topic);
  if (sink == nullptr) return original.rd_kafka_produce_batch(topic, partition, flags, messages, count);
  return static_cast<int>(sink->take(messages, static_cast<size_t>(count)));
}

int produce_one(rd_kafka_topic_t *topic, int32_t partition, int flags, void *value, size_t size, const void *key,
                size_t key_size, void *opaque) {
  Sink *sink = sink_of(topic);
  if (sink == nullptr)
    return original.rd_kafka_produce(topic, partition, flags, value, size, key, key_size, opaque);
  sink->take(opaque, size, key_size);
  return 0;
}

rd_kafka_error_t *produce_with(rd_kafka_t *rk, const rd_kafka_vu_t *arguments, size_t count) {
  Sink *sink = sink_of(rk);
  if (sink == nullptr) return original.rd_kafka_produceva(rk, arguments, count);
  void *opaque = nullptr;
  size_t size = 0;
  size_t key_size = 0;
  for (size_t i = 0; i < count; i++) {
    const rd_kafka_vu_t &argument = arguments[i];
    if (argument.vtype == RD_KAFKA_VTYPE_OPAQUE) opaque = argument.u.ptr;
    else if (argument.vtype == RD_KAFKA_VTYPE_VALUE) size = argument.u.mem.size;
    else if (argument.vtype == RD_KAFKA_VTYPE_KEY) key_size = argument.u.mem.size;
    else if (argument.vtype == RD_KAFKA_VTYPE_HEADERS) original.rd_kafka_headers_destroy(argument.u.headers);
  }
  sink->take(opaque, size, key_size);
  return nullptr;
}

rd_kafka_resp_err_t flush(rd_kafka_t *rk, int timeout_ms) {
  Sink *sink = sink_of(rk);
  if (sink == nullptr) return original.rd_kafka_flush(rk, timeout_ms);
  return sink->flush(timeout_ms) ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__TIMED_OUT;
}

// Nobody has to be told of what waits in it.
rd_kafka_queue_t *main_queue(rd_kafka_t *rk) { return is_tag(rk) ? nullptr : original.rd_kafka_queue_get_main(rk); }

int poll(rd_kafka_t *rk, int timeout_ms) { return is_tag(rk) ? 0 : original.rd_kafka_poll(rk, timeout_ms); }

// Everything ends soon anyway.
rd_kafka_resp_err_t purge(rd_kafka_t *rk, int flags) {
  return is_tag(rk) ? RD_KAFKA_RESP_ERR_NO_ERROR : original.rd_kafka_purge(rk, flags);
}

rd_kafka_resp_err_t fatal_error(rd_kafka_t *rk, char *errstr, size_t errstr_size) {
  return is_tag(rk) ? RD_KAFKA_RESP_ERR_NO_ERROR : original.rd_kafka_fatal_error(rk, errstr, errstr_size);
}

// Each function of the table that a channel calls with its handle or a topic has to be here. @locality under sinks_mutex
void replace_functions() {
  static bool replaced = false;
  if (replaced) return;
  replaced = true;
  // the table's own object is not const: only who uses it is to leave it alone
  auto *table = const_cast<Kafka *>(Kafka::get());
  original = *table;
  table->rd_kafka_topic_new = topic_new;
  table->rd_kafka_topic_destroy = topic_destroy;
  table->rd_kafka_produce_batch = produce_batch;
  table->rd_kafka_produce = produce_one;
  table->rd_kafka_produceva = produce_with;
  table->rd_kafka_flush = flush;
  table->rd_kafka_queue_get_main = main_queue;
  table->rd_kafka_poll = poll;
  table->rd_kafka_purge = purge;
  table->rd_kafka_fatal_error = fatal_error;
}

}  // namespace

uint32_t Sink::open(std::shared_ptr<Channel> channel) {
  std::lock_guard<std::mutex> lock(sinks_mutex);
  for (size_t i = 0; i < kMost; i++) {
    if (sinks[i] != nullptr) continue;
    replace_functions();
    std::shared_ptr<Sink> sink(new Sink(channel));
    if (!channel->attach(reinterpret_cast<rd_kafka_t *>(&tags[i]), false)) return 0;
    sinks[i] = sink;
    // not joined: the process may end while it waits
    std::thread([sink] { sink->serve(); }).detach();
    return static_cast<uint32_t>(i + 1);
  }
  return 0;
}

void Sink::close(uint32_t number) {
  const std::shared_ptr<Sink> sink = find(number);
  if (sink == nullptr) return;
  sink->channel_->detach();
  sink->stop();
  std::lock_guard<std::mutex> lock(sinks_mutex);
  sinks[number - 1].reset();
}

int64_t Sink::taken(uint32_t number) {
  const std::shared_ptr<Sink> sink = find(number);
  if (sink == nullptr) return 0;
  std::lock_guard<std::mutex> lock(sink->mutex_);
  return sink->taken_;
}

void Sink::take(void *opaque, size_t size, size_t key_size) {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.push_back({opaque, size, key_size});
  taken_++;
  news_.notify_one();
}

size_t Sink::take(rd_kafka_message_t *messages, size_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < count; i++) {
    messages[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
    waiting_.push_back({messages[i]._private, messages[i].len, messages[i].key_len});
  }
  taken_ += static_cast<int64_t>(count);
  news_.notify_one();
  return count;
}

bool Sink::flush(int timeout_ms) {
  std::unique_lock<std::mutex> lock(mutex_);
  return idle_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return waiting_.empty() && !settling_; });
}

void Sink::stop() {
  std::unique_lock<std::mutex> lock(mutex_);
  stopping_ = true;
  news_.notify_one();
  idle_.wait(lock, [&] { return stopped_; });
}

// @locality its own thread
void Sink::serve() {
  std::vector<Message> messages;
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    news_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) break;
    messages.swap(waiting_);
    settling_ = true;
    lock.unlock();
    rd_kafka_message_t ended = {};
    ended.offset = RD_KAFKA_OFFSET_INVALID;
    for (const Message &message : messages) {
      ended._private = message.opaque;
      ended.len = message.size;
      ended.key_len = message.key_size;
      Channel::settle(&ended);
    }
    messages.clear();
    lock.lock();
    settling_ = false;
    if (waiting_.empty()) idle_.notify_all();
  }
  stopped_ = true;
  idle_.notify_all();
}

}  // namespace millrace
