#include "channel.h"

#include "burst_clock.h"

#include <chrono>
#include <cstdio>
#include <random>
#include <string_view>
#include <thread>

namespace millrace {
namespace {

constexpr auto kDetachPatience = std::chrono::seconds(10);

}  // namespace

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
  // librdkafka drops reports that nobody has polled for
  if (rk_ != nullptr && counts().in_flight > 0) {
    drop(rk_);
    const auto deadline = std::chrono::steady_clock::now() + kDetachPatience;
    while (counts().in_flight > 0 && std::chrono::steady_clock::now() < deadline) {
      Harvest::poll(kafka_, rk_);
      std::this_thread::yield();
    }
  }
  if (listens_) listen(nullptr);
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
  Lane *found = nullptr;
  for (Lane *lane = lanes_.load(); lane != nullptr; lane = lane->next) {
    // all of them, since that frees what has ended
    if (lane->retired && !lane->home && lane->reusable()) found = lane;
  }
  if (found != nullptr) {
    found->retired = false;
    return found;
  }
  auto *lane = new Lane(this, lanes_.load() == nullptr);
  lane->next = lanes_.load();
  lanes_.store(lane);
  return lane;
}

void Channel::leave(Lane *lane) {
  std::lock_guard<std::mutex> lock(lanes_mutex_);
  lane->retired = true;
  lane->reusable();
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
  // not when the handle was attached: its queues are made after that
  if (!listens_) listen(on_reports);
  listens_ = true;
  return topic;
}

// @locality under the gate
void Channel::listen(void (*told)(rd_kafka_t *, void *)) {
  rd_kafka_queue_t *queue = kafka_->rd_kafka_queue_get_main(rk_);
  if (queue == nullptr) return;
  kafka_->rd_kafka_queue_cb_event_enable(queue, told, this);
  kafka_->rd_kafka_queue_destroy(queue);
}

// @locality librdkafka's threads, under the queue's lock: calls nothing of librdkafka
void Channel::on_reports(rd_kafka_t *, void *opaque) {
  auto *self = static_cast<Channel *>(opaque);
  for (Lane *lane = self->lanes_.load(); lane != nullptr; lane = lane->next) {
    if (lane->cares()) lane->wake();
  }
}

void Channel::time(const rd_kafka_message_t *message) {
  void *opaque = message->_private;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR || opaque == nullptr) return;
  int64_t due = 0;
  switch (kind_of(opaque)) {
    case Kind::kSlot:
      due = static_cast<Slot *>(opaque)->batch->due;
      break;
    case Kind::kCounts:
      due = untag<Batch>(opaque)->due;
      break;
    case Kind::kSingle:
      due = untag<Single>(opaque)->due;
      break;
  }
  latencies_->record(burst_now() - due);
}

// Credits are given back before an ending is handed over: who hears of an ending finds it in the counts. So nothing
// in flight does not mean that every ending was read.
void Channel::fail(const rd_kafka_message_t *message) {
  void *opaque = message->_private;
  // the status, not the error, tells whether it may be in the log: a purged message may have been sent before
  const bool persisted = kafka_->rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
  const bool purged =
      message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  // what cannot be told apart from others cannot be handed back
  const State state = purged && !persisted && kind_of(opaque) != Kind::kCounts ? State::kUnsent : State::kFailed;
  const auto hand_back = [&](const Lane *lane, bool pinned) {
    if (state == State::kUnsent && !lane->home) unsent_of_others_.push(copy_of(message, pinned));
  };
  switch (kind_of(opaque)) {
    case Kind::kSlot: {
      Slot *slot = static_cast<Slot *>(opaque);
      Batch *batch = slot->batch;
      const uint32_t cost = slot->ending.cost;
      batch->lane->scout().ended(message);
      hand_back(batch->lane, slot->ending.pinned);
      end(&slot->ending, message, state, persisted);
      if (state == State::kFailed) batch->failed.fetch_add(1, std::memory_order_relaxed);
      if (state == State::kUnsent) batch->unsent.fetch_add(1, std::memory_order_relaxed);
      if (persisted) batch->possibly_persisted.fetch_add(1, std::memory_order_relaxed);
      give(cost);
      batch->lane->finish(batch, 1);
      return;
    }
    case Kind::kCounts: {
      Batch *batch = untag<Batch>(opaque);
      const uint32_t cost = cost_of(*batch, *message);
      batch->lane->scout().ended(message);
      failed_.fetch_add(1, std::memory_order_relaxed);
      if (persisted) possibly_persisted_.fetch_add(1, std::memory_order_relaxed);
      batch->failed.fetch_add(1, std::memory_order_relaxed);
      if (persisted) batch->possibly_persisted.fetch_add(1, std::memory_order_relaxed);
      give(cost);
      batch->lane->finish(batch, 1);
      return;
    }
    case Kind::kSingle: {
      Single *single = untag<Single>(opaque);
      const uint32_t cost = single->ending.cost;
      single->lane->scout().ended(message);
      hand_back(single->lane, single->ending.pinned);
      end(&single->ending, message, state, persisted);
      give(cost);
      single->lane->finish(single);
      return;
    }
  }
}

Channel *Channel::channel_of(void *opaque) {
  switch (kind_of(opaque)) {
    case Kind::kSlot:
      return static_cast<Slot *>(opaque)->batch->lane->channel();
    case Kind::kCounts:
      return untag<Batch>(opaque)->lane->channel();
    default:
      return untag<Single>(opaque)->lane->channel();
  }
}

uint32_t Channel::cost_of(const Batch &batch, const rd_kafka_message_t &message) {
  return batch.fixed_cost + static_cast<uint32_t>(message.len + message.key_len);
}

void Channel::settle(const rd_kafka_message_t *message) {
  Harvest *harvest = Harvest::current();
  if (harvest != nullptr) harvest->count();
  if (message->_private == nullptr) return;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    channel_of(message->_private)->fail(message);
    return;
  }
  if (harvest != nullptr) {
    harvest->add(message);
    return;
  }
  // somebody else polls: node-rdkafka, or a flush
  Harvest alone;
  alone.add(message);
}

namespace {
thread_local Harvest *t_harvest = nullptr;
}  // namespace

Harvest *Harvest::current() { return t_harvest; }

void Harvest::poll(const Kafka *kafka, rd_kafka_t *rk) {
  Harvest harvest;
  harvest.rk_ = rk;
  t_harvest = &harvest;
  kafka->rd_kafka_poll(rk, 0);
  t_harvest = nullptr;
}

void Harvest::count() {
  if (++seen_ == kMost) Kafka::get()->rd_kafka_yield(rk_);
}

void Harvest::add(const rd_kafka_message_t *message) {
  void *opaque = message->_private;
  switch (kind_of(opaque)) {
    case Kind::kSlot: {
      Slot *slot = static_cast<Slot *>(opaque);
      add(slot->batch, slot->ending.cost);
      slot->batch->lane->scout().ended(message);
      end(&slot->ending, message);
      return;
    }
    case Kind::kCounts: {
      Batch *batch = untag<Batch>(opaque);
      add(batch, Channel::cost_of(*batch, *message));
      batch->lane->scout().ended(message);
      return;
    }
    case Kind::kSingle: {
      Single *single = untag<Single>(opaque);
      if (batch_ != nullptr || (singles_ != nullptr && singles_->lane != single->lane)) settle();
      single->lane->scout().ended(message);
      end(&single->ending, message);
      cost_ += single->ending.cost;
      messages_++;
      single->next = singles_;
      singles_ = single;
      return;
    }
  }
}

void Harvest::add(Batch *batch, uint32_t cost) {
  if (batch != batch_) {
    settle();
    batch_ = batch;
  }
  cost_ += cost;
  messages_++;
}

void Harvest::end(Ending *ending, const rd_kafka_message_t *message) {
  ending->partition = message->partition;
  ending->offset = message->offset >= 0 ? message->offset : -1;
  ending->state.store(State::kDelivered, std::memory_order_release);
}

void Harvest::settle() {
  if (messages_ == 0) return;
  Lane *lane = batch_ != nullptr ? batch_->lane : singles_->lane;
  lane->channel()->give(cost_, messages_);
  if (batch_ != nullptr) lane->finish(batch_, static_cast<uint32_t>(messages_));
  // in the order in which they ended
  Single *first = nullptr;
  while (singles_ != nullptr) {
    Single *next = singles_->next;
    singles_->next = first;
    first = singles_;
    singles_ = next;
  }
  while (first != nullptr) {
    Single *next = first->next;
    lane->finish(first);
    first = next;
  }
  batch_ = nullptr;
  cost_ = 0;
  messages_ = 0;
}

void Channel::end(Ending *ending, const rd_kafka_message_t *message, State state, bool persisted) {
  ending->partition = message->partition;
  ending->possibly_persisted = persisted;
  ending->error = static_cast<int16_t>(error_of(message));
  if (state == State::kFailed) failed_.fetch_add(1, std::memory_order_relaxed);
  if (state == State::kUnsent) unsent_.fetch_add(1, std::memory_order_relaxed);
  if (persisted) possibly_persisted_.fetch_add(1, std::memory_order_relaxed);
  ending->state.store(state, std::memory_order_release);
}

// Where the broker names several culprits, librdkafka gives the rest of the batch an error of its own. Where it names
// one, all have the same error, and the rest another text (rdkafka_request.c, rdkafka_broker.c), a literal: a broker's own
// text was freed before the report is polled for, so nothing else may be looked at. A text that is not known leaves all of
// them suspect, which costs time and no message.
rd_kafka_resp_err_t Channel::error_of(const rd_kafka_message_t *message) const {
  static constexpr std::string_view kNeighbour = "Failed to append record because it was part of a batch";
  // librdkafka's own errors are negative
  if (message->err <= 0) return message->err;
  const char *text = kafka_->rd_kafka_message_produce_errstr(message);
  if (!kafka_->is_literal(text)) return message->err;
  const bool is_neighbour = std::string_view(text).substr(0, kNeighbour.size()) == kNeighbour;
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
  // outside the gate: who polls meanwhile settles what it ends
  if (rk != nullptr) drop(rk);
  guests_.fetch_sub(1);
  for (Lane *lane = lanes_.load(); lane != nullptr; lane = lane->next) lane->room();
}

void Channel::drop(rd_kafka_t *rk) {
  kafka_->rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

bool Channel::purge_within(std::chrono::steady_clock::duration patience) {
  purge();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (admission_.messages() > 0 && has_handle()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    Crossing(this, true).reap();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
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
  if (channel_->rk_ != nullptr) Harvest::poll(channel_->kafka_, channel_->rk_);
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
