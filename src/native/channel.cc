#include "channel.h"

#include <cstring>
#include <mutex>
#include <random>

namespace millrace {
namespace {

// librdkafka calls the acknowledgement interceptor on the producing thread, inside produce, for a message that it
// rejects, and also returns the error. The return value counts; what comes meanwhile on this thread does not.
thread_local bool t_producing = false;

struct Producing {
  Producing() { t_producing = true; }
  ~Producing() { t_producing = false; }
};

// Headers as JavaScript wrote them: for each, the sizes of name and value (-1: null) as little-endian int32,
// then both. Sizes were checked against the whole by who wrote them; a torn record ends the list.
rd_kafka_headers_t *decode_headers(const Kafka *kafka, const uint8_t *at, size_t size) {
  rd_kafka_headers_t *headers = kafka->rd_kafka_headers_new(8);
  const uint8_t *end = at + size;
  while (end - at >= 8) {
    int32_t name_size;
    int32_t value_size;
    std::memcpy(&name_size, at, 4);
    std::memcpy(&value_size, at + 4, 4);
    at += 8;
    const int64_t stored = value_size < 0 ? 0 : value_size;
    if (name_size < 0 || end - at < static_cast<int64_t>(name_size) + stored) break;
    const char *name = reinterpret_cast<const char *>(at);
    // librdkafka takes a null value as null, and any pointer as bytes, if only of length 0
    const void *value = value_size < 0 ? nullptr : static_cast<const void *>(at + name_size);
    kafka->rd_kafka_header_add(headers, name, name_size, value, value_size < 0 ? 0 : value_size);
    at += name_size + stored;
  }
  return headers;
}

}  // namespace

Batch::Batch(uint32_t id, uint32_t size, bool with_slots) : id(id), size(size) {
  if (!with_slots || size == 0) return;
  slots.reset(new Slot[size]);
  for (uint32_t i = 0; i < size; i++) slots[i].batch = this;
}

Channel::Channel(uint64_t token, int64_t messages, int64_t bytes, std::function<void()> wake,
                 std::function<void()> retired)
    : token(token),
      kafka_(Kafka::get()),
      admission_(messages, bytes),
      wake_(std::move(wake)),
      retired_(std::move(retired)) {}

Channel::~Channel() = default;

void Channel::attach(rd_kafka_t *rk) {
  std::unique_lock<std::shared_mutex> lock(gate_);
  rk_ = rk;
  open_ = true;
}

void Channel::detach() {
  std::unique_lock<std::shared_mutex> lock(gate_);
  open_ = false;
  rk_ = nullptr;
  // whoever destroys the handle without `close` leaks our topic references to librdkafka, which then waits
  // for them for ever: give them back
  for (rd_kafka_topic_t *topic : topics_) kafka_->rd_kafka_topic_destroy(topic);
  topics_.clear();
  topic_ids_.clear();
}

int32_t Channel::topic(const std::string &name) {
  std::unique_lock<std::shared_mutex> lock(gate_);
  if (!open_) return -1;
  const auto known = topic_ids_.find(name);
  if (known != topic_ids_.end()) return known->second;
  rd_kafka_topic_t *topic = kafka_->rd_kafka_topic_new(rk_, name.c_str(), nullptr);
  if (topic == nullptr) return -1;
  topics_.push_back(topic);
  const int32_t id = static_cast<int32_t>(topics_.size() - 1);
  topic_ids_.emplace(name, id);
  return id;
}

Batch *Channel::open_batch(uint32_t size, bool slots) {
  while (open_batches_.count(next_batch_) != 0 || next_batch_ == 0) next_batch_++;
  auto batch = std::make_unique<Batch>(next_batch_, size, slots);
  Batch *opened = batch.get();
  open_batches_.emplace(next_batch_++, std::move(batch));
  return opened;
}

Batch *Channel::find_batch(uint32_t id) {
  const auto found = open_batches_.find(id);
  return found == open_batches_.end() ? nullptr : found->second.get();
}

void Channel::seal(Batch *batch) {
  if (batch->sealed) return;
  batch->sealed = true;
  finish(batch);
}

void Channel::free_batch(Batch *batch) { open_batches_.erase(batch->id); }

Offer Channel::offer(const Outgoing &message, Batch *batch, uint32_t index) {
  Slot *slot = batch->slots ? &batch->slots[index] : nullptr;
  const int64_t cost = kOverhead + message.key_size + message.value_size + message.headers_size;
  std::shared_lock<std::shared_mutex> lock(gate_);
  if (!open_) return Offer::kClosed;
  if (!admission_.take(cost)) return Offer::kFull;
  if (slot != nullptr) {
    slot->ending.cost = static_cast<uint32_t>(cost);
    slot->ending.topic = message.topic;
  } else {
    batch->fixed_cost = kOverhead + static_cast<uint32_t>(message.headers_size);
  }
  batch->pending.fetch_add(1, std::memory_order_relaxed);
  const int16_t error = produce(message, slot != nullptr ? opaque_of(slot) : opaque_of(batch));
  batch->offered++;
  if (error == 0) {
    accepted_++;
    return Offer::kAccepted;
  }
  batch->pending.fetch_sub(1, std::memory_order_relaxed);
  if (admission_.give(cost)) room_.store(true);
  batch->refused++;
  refused_++;
  if (slot != nullptr) {
    slot->ending.error = error;
    slot->ending.partition = message.partition;
    slot->ending.state.store(State::kRefused, std::memory_order_release);
  }
  return Offer::kRefused;
}

Offer Channel::offer_single(const Outgoing &message, uint32_t id, int16_t *error) {
  const int64_t cost = kOverhead + message.key_size + message.value_size + message.headers_size;
  std::shared_lock<std::shared_mutex> lock(gate_);
  if (!open_) return Offer::kClosed;
  if (!admission_.take(cost)) return Offer::kFull;
  Single *single;
  if (free_singles_.empty()) {
    single = &pool_.emplace_back();
  } else {
    single = free_singles_.back();
    free_singles_.pop_back();
  }
  single->id = id;
  single->ending.cost = static_cast<uint32_t>(cost);
  single->ending.topic = message.topic;
  single->ending.state.store(State::kPending, std::memory_order_relaxed);
  *error = produce(message, opaque_of(single));
  if (*error == 0) {
    accepted_++;
    return Offer::kAccepted;
  }
  free_singles_.push_back(single);
  if (admission_.give(cost)) room_.store(true);
  refused_++;
  return Offer::kRefused;
}

// @returns librdkafka's error, 0 for none
int16_t Channel::produce(const Outgoing &message, void *opaque) {
  if (message.topic < 0 || static_cast<size_t>(message.topic) >= topics_.size()) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  rd_kafka_topic_t *topic = topics_[message.topic];
  Producing producing;
  if (message.timestamp == 0 && message.headers_size == 0) {
    const int failed = kafka_->rd_kafka_produce(topic, message.partition, RD_KAFKA_MSG_F_COPY,
                                                const_cast<void *>(message.value), message.value_size, message.key,
                                                message.key_size, opaque);
    return failed == 0 ? 0 : static_cast<int16_t>(kafka_->rd_kafka_last_error());
  }
  rd_kafka_vu_t arguments[8];
  size_t count = 0;
  const auto add = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t & {
    arguments[count].vtype = type;
    return arguments[count++];
  };
  add(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
  add(RD_KAFKA_VTYPE_PARTITION).u.i32 = message.partition;
  add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = message.timestamp;
  add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = opaque;
  rd_kafka_vu_t &value = add(RD_KAFKA_VTYPE_VALUE);
  value.u.mem.ptr = const_cast<void *>(message.value);
  value.u.mem.size = message.value_size;
  rd_kafka_vu_t &key = add(RD_KAFKA_VTYPE_KEY);
  key.u.mem.ptr = const_cast<void *>(message.key);
  key.u.mem.size = message.key_size;
  rd_kafka_headers_t *headers = nullptr;
  if (message.headers_size > 0) {
    headers = decode_headers(kafka_, message.headers, message.headers_size);
    add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers;
  }
  rd_kafka_error_t *error = kafka_->rd_kafka_produceva(rk_, arguments, count);
  if (error == nullptr) return 0;  // librdkafka owns the headers now
  const int16_t code = static_cast<int16_t>(kafka_->rd_kafka_error_code(error));
  kafka_->rd_kafka_error_destroy(error);
  if (headers != nullptr) kafka_->rd_kafka_headers_destroy(headers);
  return code;
}

void Channel::settle(const rd_kafka_message_t *message) {
  if (t_producing) return;
  void *opaque = message->_private;
  if (opaque == nullptr) return;
  switch (kind_of(opaque)) {
    case Kind::kSlot: {
      Slot *slot = static_cast<Slot *>(opaque);
      Batch *batch = slot->batch;
      if (slot->ending.state.load(std::memory_order_acquire) != State::kPending) return;
      end(&slot->ending, message);
      const State state = slot->ending.state.load(std::memory_order_relaxed);
      if (state == State::kDelivered) batch->delivered.fetch_add(1, std::memory_order_relaxed);
      if (state == State::kFailed) batch->failed.fetch_add(1, std::memory_order_relaxed);
      if (state == State::kUnsent) batch->unsent.fetch_add(1, std::memory_order_relaxed);
      if (slot->ending.possibly_persisted) batch->possibly_persisted.fetch_add(1, std::memory_order_relaxed);
      finish(batch);
      return;
    }
    case Kind::kCounts: {
      Batch *batch = untag<Batch>(opaque);
      Ending ending;
      ending.anonymous = true;
      ending.cost = batch->fixed_cost + static_cast<uint32_t>(message->len + message->key_len);
      end(&ending, message);
      const State state = ending.state.load(std::memory_order_relaxed);
      if (state == State::kDelivered) batch->delivered.fetch_add(1, std::memory_order_relaxed);
      if (state == State::kFailed) batch->failed.fetch_add(1, std::memory_order_relaxed);
      if (state == State::kUnsent) batch->unsent.fetch_add(1, std::memory_order_relaxed);
      if (ending.possibly_persisted) batch->possibly_persisted.fetch_add(1, std::memory_order_relaxed);
      finish(batch);
      return;
    }
    case Kind::kSingle: {
      Single *single = untag<Single>(opaque);
      if (single->ending.state.load(std::memory_order_acquire) != State::kPending) return;
      end(&single->ending, message);
      singles_.push(single);
      wake();
      return;
    }
  }
}

void Channel::end(Ending *ending, const rd_kafka_message_t *message) {
  ending->partition = message->partition;
  State state = State::kDelivered;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ending->offset = message->offset >= 0 ? message->offset : -1;
    ending->possibly_persisted = false;
  } else {
    ending->error = static_cast<int16_t>(message->err);
    // the status, not the error, tells whether it may be in the log: a purged message may have been sent before
    const bool persisted = kafka_->rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
    const bool purged = message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
    ending->possibly_persisted = persisted;
    // what cannot be told apart from others cannot be handed back
    state = purged && !persisted && !ending->anonymous ? State::kUnsent : State::kFailed;
  }
  count(state, ending->possibly_persisted);
  const uint32_t cost = ending->cost;
  ending->state.store(state, std::memory_order_release);
  if (admission_.give(cost)) {
    room_.store(true);
    wake();
  }
}

void Channel::count(State state, bool possibly_persisted) {
  if (state == State::kDelivered) delivered_.fetch_add(1, std::memory_order_relaxed);
  if (state == State::kFailed) failed_.fetch_add(1, std::memory_order_relaxed);
  if (state == State::kUnsent) unsent_.fetch_add(1, std::memory_order_relaxed);
  if (possibly_persisted) possibly_persisted_.fetch_add(1, std::memory_order_relaxed);
}

// One of its messages has ended, or it was sealed.
void Channel::finish(Batch *batch) {
  if (batch->pending.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  batches_.push(batch);
  wake();
}

void Channel::retire() {
  woken_.store(true);
  retired_();
}

void Channel::wake() {
  if (!woken_.exchange(true)) wake_();
}

Counts Channel::counts() const {
  return {accepted_,
          refused_,
          delivered_.load(),
          failed_.load(),
          unsent_.load(),
          possibly_persisted_.load(),
          admission_.messages(),
          admission_.bytes()};
}

void Channel::purge() {
  {
    std::unique_lock<std::shared_mutex> lock(gate_);
    open_ = false;
  }
  // outside the gate: acknowledgements may come from inside this call
  if (rk_ != nullptr) {
    kafka_->rd_kafka_purge(rk_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  }
}

void Channel::close() {
  std::unique_lock<std::shared_mutex> lock(gate_);
  open_ = false;
  for (rd_kafka_topic_t *topic : topics_) kafka_->rd_kafka_topic_destroy(topic);
  topics_.clear();
  topic_ids_.clear();
}

namespace {
std::mutex registry_mutex;
std::unordered_map<uint64_t, std::shared_ptr<Channel>> &channels() {
  static auto *all = new std::unordered_map<uint64_t, std::shared_ptr<Channel>>();
  return *all;
}

// Another copy of this addon in the same process counts for itself. Were both to begin with 1, a client that was given
// the wrong one of the two as its plugin would be taken for one of the other's.
uint64_t first_token() {
  std::random_device random;
  return 1 + (static_cast<uint64_t>(random()) << 20 ^ random()) % (uint64_t{1} << 52);
}

uint64_t next_token = first_token();
}  // namespace

std::shared_ptr<Channel> Registry::open(int64_t messages, int64_t bytes, std::function<void()> wake,
                                        std::function<void()> retired) {
  std::lock_guard<std::mutex> lock(registry_mutex);
  auto channel = std::make_shared<Channel>(next_token++, messages, bytes, std::move(wake), std::move(retired));
  channels().emplace(channel->token, channel);
  return channel;
}

std::shared_ptr<Channel> Registry::find(uint64_t token) {
  std::lock_guard<std::mutex> lock(registry_mutex);
  const auto found = channels().find(token);
  return found == channels().end() ? nullptr : found->second;
}

void Registry::release(uint64_t token) {
  std::lock_guard<std::mutex> lock(registry_mutex);
  channels().erase(token);
}

}  // namespace millrace
