#include "lane.h"

#include "channel.h"

namespace millrace {
namespace {

int64_t cost_of(const Outgoing &message) {
  return static_cast<int64_t>(Channel::kOverhead + message.key_size + message.value_size + message.headers_size);
}

}  // namespace

int32_t Lane::topic(const std::string &name) {
  const auto known = topic_numbers_.find(name);
  if (known != topic_numbers_.end()) return known->second;
  rd_kafka_topic_t *topic = channel_->topic(name, home);
  if (topic == nullptr) return -1;
  topics_.push_back(topic);
  const auto number = static_cast<int32_t>(topics_.size() - 1);
  topic_numbers_.emplace(name, number);
  return number;
}

Batch *Lane::open_batch(uint32_t size, bool slots) {
  while (batches_open_.count(next_batch_) != 0 || next_batch_ == 0) next_batch_++;
  auto batch = std::make_unique<Batch>(this, next_batch_, size);
  if (slots && !batch->make_slots()) return nullptr;
  Batch *opened = batch.get();
  batches_open_.emplace(next_batch_++, std::move(batch));
  return opened;
}

Batch *Lane::find_batch(uint32_t id) {
  const auto found = batches_open_.find(id);
  return found == batches_open_.end() ? nullptr : found->second.get();
}

void Lane::seal(Batch *batch) {
  if (batch->sealed) return;
  batch->sealed = true;
  finish(batch);
}

void Lane::free_batch(Batch *batch) {
  if (batch->finished) batches_open_.erase(batch->id);
}

Batch *Lane::take_batches() {
  Batch *first = batches_.take();
  for (Batch *batch = first; batch != nullptr; batch = batch->next) batch->finished = true;
  return first;
}

bool Lane::take(int64_t cost) {
  if (channel_->admission().take(cost)) return true;
  // who gives credits back looks at `waits_` after it has seen the arm
  waits_.store(true);
  channel_->admission().arm();
  return channel_->admission().take(cost);
}

Offer Lane::offer(const Crossing &crossing, const Outgoing &message, Batch *batch, uint32_t index) {
  const int64_t cost = cost_of(message);
  Slot *slot = batch->slots ? &batch->slots[index] : nullptr;
  if (slot == nullptr && !batch->costs(Channel::kOverhead + static_cast<uint32_t>(message.headers_size)))
    return Offer::kUneven;
  if (!take(cost)) return channel_->admission().fits(cost) ? Offer::kFull : Offer::kTooLarge;
  if (slot != nullptr) {
    slot->ending.cost = static_cast<uint32_t>(cost);
    slot->ending.pinned = message.partition >= 0;
  }
  batch->pending.fetch_add(1, std::memory_order_relaxed);
  const int16_t error =
      crossing.produce(topics_, message, slot != nullptr ? opaque_of(slot) : opaque_of(batch));
  batch->offered++;
  if (error == 0) {
    add(accepted_);
    return Offer::kAccepted;
  }
  batch->pending.fetch_sub(1, std::memory_order_relaxed);
  batch->refused++;
  add(refused_);
  if (slot != nullptr) {
    slot->ending.error = error;
    slot->ending.partition = message.partition;
    slot->ending.state.store(State::kRefused, std::memory_order_release);
  }
  channel_->give(cost);
  return Offer::kRefused;
}

int64_t Lane::lease(int64_t cost) {
  if (channel_->admission().take(cost * kLease, kLease)) {
    leased_messages_ += kLease;
    leased_bytes_ += cost * kLease;
    return kLease;
  }
  if (!take(cost)) return 0;
  leased_messages_ += 1;
  leased_bytes_ += cost;
  return 1;
}

int16_t Lane::offer_leased(const Crossing &crossing, const Outgoing &message, uint32_t id) {
  const int64_t cost = cost_of(message);
  if (leased_messages_ < 1 || leased_bytes_ < cost) return RD_KAFKA_RESP_ERR__QUEUE_FULL;
  leased_messages_ -= 1;
  leased_bytes_ -= cost;
  Single *single;
  if (free_singles_.empty()) {
    single = &pool_.emplace_back();
    single->lane = this;
  } else {
    single = free_singles_.back();
    free_singles_.pop_back();
  }
  single->id = id;
  single->ending.cost = static_cast<uint32_t>(cost);
  single->ending.error = 0;
  single->ending.offset = -1;
  single->ending.pinned = message.partition >= 0;
  single->ending.state.store(State::kPending, std::memory_order_relaxed);
  const int16_t error = crossing.produce(topics_, message, opaque_of(single));
  if (error == 0) {
    add(accepted_);
    return 0;
  }
  free_singles_.push_back(single);
  add(refused_);
  channel_->give(cost);
  return error;
}

void Lane::end_lease() {
  if (leased_messages_ == 0 && leased_bytes_ == 0) return;
  channel_->give(leased_bytes_, leased_messages_);
  leased_bytes_ = 0;
  leased_messages_ = 0;
}

void Lane::finish(Batch *batch) {
  if (batch->pending.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  batches_.push(batch);
  waker_.wake();
}

void Lane::finish(Single *single) {
  singles_.push(single);
  waker_.wake();
}

void Lane::room() {
  if (!waits_.exchange(false)) return;
  room_.store(true);
  waker_.wake();
}

void Lane::retire() {
  waker_.silence();
  end_lease();
  for (auto &[id, batch] : batches_open_) seal(batch.get());
}

bool Lane::reusable() {
  for (Batch *batch = take_batches(); batch != nullptr;) {
    Batch *next = batch->next;
    free_batch(batch);
    batch = next;
  }
  for (Single *single = take_singles(); single != nullptr;) {
    Single *next = single->next;
    recycle(single);
    single = next;
  }
  waits_.store(false);
  room_.store(false);
  return batches_open_.empty() && free_singles_.size() == pool_.size();
}

}  // namespace millrace
