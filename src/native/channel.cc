#include "channel.h"

#include "burst_clock.h"

#include <cstdio>
#include <random>
#include <string_view>
#include <thread>

namespace millrace {

Channel::Channel(std::string token, int64_t messages, int64_t bytes, bool latency)
    : token(std::move(token)),
      kafka_(Kafka::get()),
      admission_(messages, bytes),
      latencies_(latency ? std::make_unique<Histogram>() : nullptr) {}

Channel::~Channel() {
  for (Lane *lane = lanes_.load(); lane != nullptr;) {
    Lane *next = lane->next;
    delete lane;
    lane = next;
  }
  for (Unsent *unsent = take_unsent(); unsent != nullptr;) {
    Unsent *next = unsent->next;
    delete unsent;
    unsent = next;
  }
}

bool Channel::attach(rd_kafka_t *rk, bool scouts) {
  std::unique_lock<std::shared_mutex> lock(gate_);
  // lanes know topics of the first one's
  if (was_attached_) return false;
  was_attached_ = true;
  rk_ = rk;
  scouts_ = scouts;
  open_.store(true);
  return true;
}

void Channel::detach() {
  open_.store(false);
  std::unique_lock<std::shared_mutex> lock(gate_);
  // a flush is inside librdkafka for a slice of time at most
  while (busy()) std::this_thread::yield();
  rk_ = nullptr;
  // whoever destroys the handle without `close` leaks our topic references to librdkafka, which then waits
  // for them for ever: give them back
  free_topics();
}

bool Channel::has_handle() {
  std::shared_lock<std::shared_mutex> lock(gate_);
  return rk_ != nullptr;
}

bool Channel::with_handle(const std::function<void(rd_kafka_t *)> &use) {
  Crossing crossing(this, true);
  if (!crossing.open()) return false;
  use(rk_);
  return true;
}

bool Channel::visit(const std::function<void(rd_kafka_t *)> &use) {
  {
    Crossing crossing(this, true);
    if (!crossing.open()) return false;
    guests_.fetch_add(1);
  }
  use(rk_);
  guests_.fetch_sub(1);
  return true;
}

Lane *Channel::enter() {
  std::lock_guard<std::mutex> lock(lanes_mutex_);
  for (Lane *lane = lanes_.load(); lane != nullptr; lane = lane->next) {
    if (!lane->retired || lane->home || !lane->reusable()) continue;
    lane->retired = false;
    return lane;
  }
  auto *lane = new Lane(this, lanes_.load() == nullptr);
  lane->next = lanes_.load();
  lanes_.store(lane);
  return lane;
}

void Channel::leave(Lane *lane) {
  std::lock_guard<std::mutex> lock(lanes_mutex_);
  lane->retired = true;
}

void Channel::give(int64_t bytes, int64_t messages) {
  if (!admission_.give(bytes, messages)) return;
  for (Lane *lane = lanes_.load(); lane != nullptr; lane = lane->next) lane->room();
}

rd_kafka_topic_t *Channel::topic(const std::string &name, bool home) {
  Crossing crossing(this, home);
  if (!crossing.open()) return nullptr;
  std::lock_guard<std::mutex> lock(topics_mutex_);
  const auto known = topics_.find(name);
  if (known != topics_.end()) return known->second;
  rd_kafka_topic_t *topic = kafka_->rd_kafka_topic_new(rk_, name.c_str(), nullptr);
  if (topic != nullptr) topics_.emplace(name, topic);
  return topic;
}

void Channel::settle(const rd_kafka_message_t *message) {
  if (producing()) return;
  void *opaque = message->_private;
  if (opaque == nullptr) return;
  State state = State::kDelivered;
  bool persisted = false;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // the status, not the error, tells whether it may be in the log: a purged message may have been sent before
    persisted = kafka_->rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
    const bool purged =
        message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
    // what cannot be told apart from others cannot be handed back
    state = purged && !persisted && kind_of(opaque) != Kind::kCounts ? State::kUnsent : State::kFailed;
  }
  const auto time = [&](int64_t due) {
    if (latencies_ != nullptr && state == State::kDelivered) latencies_->record(burst_now() - due);
  };
  // credits are given back before the ending is handed over: who hears of an ending finds it in the counts. So nothing
  // in flight does not mean that every ending was read.
  switch (kind_of(opaque)) {
    case Kind::kSlot: {
      Slot *slot = static_cast<Slot *>(opaque);
      Batch *batch = slot->batch;
      if (slot->ending.state.load(std::memory_order_acquire) != State::kPending) return;
      const uint32_t cost = slot->ending.cost;
      batch->lane->scout().ended(message);
      if (state == State::kUnsent && !batch->lane->home)
        unsent_of_others_.push(copy_of(message, slot->ending.pinned));
      end(&slot->ending, message, state, persisted);
      time(batch->due);
      if (state == State::kFailed) batch->failed.fetch_add(1, std::memory_order_relaxed);
      if (state == State::kUnsent) batch->unsent.fetch_add(1, std::memory_order_relaxed);
      if (persisted) batch->possibly_persisted.fetch_add(1, std::memory_order_relaxed);
      give(cost);
      batch->lane->finish(batch);
      return;
    }
    case Kind::kCounts: {
      Batch *batch = untag<Batch>(opaque);
      const uint32_t cost = batch->fixed_cost + static_cast<uint32_t>(message->len + message->key_len);
      time(batch->due);
      batch->lane->scout().ended(message);
      if (state != State::kDelivered) {
        failed_.fetch_add(1, std::memory_order_relaxed);
        if (persisted) possibly_persisted_.fetch_add(1, std::memory_order_relaxed);
        batch->failed.fetch_add(1, std::memory_order_relaxed);
        if (persisted) batch->possibly_persisted.fetch_add(1, std::memory_order_relaxed);
      }
      give(cost);
      batch->lane->finish(batch);
      return;
    }
    case Kind::kSingle: {
      Single *single = untag<Single>(opaque);
      if (single->ending.state.load(std::memory_order_acquire) != State::kPending) return;
      const uint32_t cost = single->ending.cost;
      single->lane->scout().ended(message);
      if (state == State::kUnsent && !single->lane->home)
        unsent_of_others_.push(copy_of(message, single->ending.pinned));
      end(&single->ending, message, state, persisted);
      time(single->due);
      give(cost);
      single->lane->finish(single);
      return;
    }
  }
}

void Channel::end(Ending *ending, const rd_kafka_message_t *message, State state, bool persisted) {
  ending->partition = message->partition;
  ending->possibly_persisted = persisted;
  if (state == State::kDelivered) {
    ending->offset = message->offset >= 0 ? message->offset : -1;
  } else {
    ending->error = static_cast<int16_t>(error_of(message));
    if (state == State::kFailed) failed_.fetch_add(1, std::memory_order_relaxed);
    if (state == State::kUnsent) unsent_.fetch_add(1, std::memory_order_relaxed);
    if (persisted) possibly_persisted_.fetch_add(1, std::memory_order_relaxed);
  }
  ending->state.store(state, std::memory_order_release);
}

// Where the broker names several culprits, librdkafka gives the rest of the batch an error of its own. Where it names
// one, all have the same error, and the rest another text (rdkafka_request.c, rdkafka_broker.c): a text that is not known
// leaves all of them suspect, which costs time and no message.
rd_kafka_resp_err_t Channel::error_of(const rd_kafka_message_t *message) const {
  static constexpr std::string_view kNeighbour = "Failed to append record because it was part of a batch";
  // librdkafka's own errors are negative
  if (message->err <= 0) return message->err;
  const char *text = kafka_->rd_kafka_message_produce_errstr(message);
  const bool is_neighbour = text != nullptr && std::string_view(text).substr(0, kNeighbour.size()) == kNeighbour;
  return is_neighbour ? RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD : message->err;
}

Counts Channel::counts() {
  int64_t accepted = 0;
  int64_t refused = 0;
  for (const Lane *lane = lanes_.load(); lane != nullptr; lane = lane->next) {
    accepted += lane->accepted();
    refused += lane->refused();
  }
  // in this order: what ends between two readings makes `delivered` too small, never too great
  int64_t leased;
  int64_t used;
  int tries = 0;
  do {
    leased = leased_.load();
    used = admission_.messages();
  } while (leased != leased_.load() && ++tries < 100);
  const int64_t in_flight = std::max<int64_t>(0, used - leased);
  const int64_t bytes = std::max<int64_t>(0, admission_.bytes() - leased_bytes_.load());
  const int64_t failed = failed_.load();
  const int64_t unsent = unsent_.load();
  const int64_t persisted = possibly_persisted_.load();
  const int64_t delivered = std::max<int64_t>(0, accepted - in_flight - failed - unsent);
  return {accepted, refused, delivered, failed, unsent, persisted, in_flight, bytes};
}

bool Channel::flush(int timeout_ms) {
  // it would hold the gate against `close` for all its time
  return visit([&](rd_kafka_t *rk) { kafka_->rd_kafka_flush(rk, timeout_ms); });
}

void Channel::closing() {
  closing_.store(true);
  for (Lane *lane = lanes_.load(); lane != nullptr; lane = lane->next) lane->room();
}

void Channel::purge() {
  open_.store(false);
  rd_kafka_t *rk;
  {
    std::unique_lock<std::shared_mutex> lock(gate_);
    rk = rk_;
    guests_.fetch_add(1);
  }
  // outside the gate: acknowledgements may come from inside this call
  if (rk != nullptr)
    kafka_->rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  guests_.fetch_sub(1);
  for (Lane *lane = lanes_.load(); lane != nullptr; lane = lane->next) lane->room();
}

void Channel::close() {
  open_.store(false);
  std::unique_lock<std::shared_mutex> lock(gate_);
  free_topics();
}

void Channel::free_topics() {
  std::lock_guard<std::mutex> lock(topics_mutex_);
  for (const auto &[name, topic] : topics_) kafka_->rd_kafka_topic_destroy(topic);
  topics_.clear();
}

int16_t Crossing::produce(const std::vector<rd_kafka_topic_t *> &topics, const Outgoing &message,
                          void *opaque) const {
  if (message.topic < 0 || static_cast<size_t>(message.topic) >= topics.size()) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  return millrace::produce(channel_->rk_, topics[message.topic], message, opaque);
}

void Crossing::reap() const {
  if (open_) channel_->kafka_->rd_kafka_poll(channel_->rk_, 0);
}

size_t Crossing::produce(const std::vector<rd_kafka_topic_t *> &topics, Run &run, Scout &scout) const {
  if (run.topic() < 0 || static_cast<size_t>(run.topic()) >= topics.size()) return run.refuse();
  return run.produce(topics[run.topic()], channel_->scouts_ ? &scout : nullptr);
}

namespace {

std::mutex registry_mutex;
std::unordered_map<std::string, std::shared_ptr<Channel>> &channels() {
  static auto *all = new std::unordered_map<std::string, std::shared_ptr<Channel>>();
  return *all;
}

std::string random_token() {
  std::random_device source;
  std::string token;
  for (int i = 0; i < 4; i++) {
    char word[9];
    std::snprintf(word, sizeof(word), "%08x", source());
    token += word;
  }
  return token;
}

}  // namespace

std::shared_ptr<Channel> Registry::open(int64_t messages, int64_t bytes, bool latency) {
  std::lock_guard<std::mutex> lock(registry_mutex);
  auto channel = std::make_shared<Channel>(random_token(), messages, bytes, latency);
  channels().emplace(channel->token, channel);
  return channel;
}

std::shared_ptr<Channel> Registry::find(const std::string &token) {
  std::lock_guard<std::mutex> lock(registry_mutex);
  const auto found = channels().find(token);
  return found == channels().end() ? nullptr : found->second;
}

void Registry::release(const std::string &token) {
  std::lock_guard<std::mutex> lock(registry_mutex);
  channels().erase(token);
}

}  // namespace millrace
