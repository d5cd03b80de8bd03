#include "lane.h"

#include <algorithm>
#include <iterator>

#include "channel.h"

namespace millrace {

int64_t Lane::cost_of(const Outgoing &message) {
  return static_cast<int64_t>(Channel::kOverhead + message.key_size + message.value_size + message.headers_size);
}

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

Batch *Lane::open_batch(uint32_t size, bool slots, int64_t due) {
  while (batches_open_.count(next_batch_) != 0 || next_batch_ == 0) next_batch_++;
  auto batch = std::make_unique<Batch>(this, next_batch_, size);
  if (slots && !batch->make_slots()) return nullptr;
  batch->due = due;
  Batch *opened = batch.get();
  add(engaged_);
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
  finish(batch, 1);
}

void Lane::free_batch(Batch *batch) {
  if (!batch->finished) return;
  batches_open_.erase(batch->id);
  add(engaged_, -1);
}

Batch *Lane::take_batches() {
  Batch *first = batches_.take();
  for (Batch *batch = first; batch != nullptr; batch = batch->next) batch->finished = true;
  return first;
}

bool Lane::take(const Crossing &crossing, int64_t cost) {
  if (channel_->admission().take(cost)) return true;
  // who gives credits back looks at `waits_` after it has seen the arm
  waits_.store(true);
  // reports that came before were told to others only, who may be busy for long
  crossing.reap();
  channel_->admission().arm();
  return channel_->admission().take(cost);
}

bool Lane::take_quietly(int64_t bytes, int64_t messages) { return channel_->admission().take(bytes, messages); }

Offer Lane::offer(const Crossing &crossing, const Outgoing &message, Batch *batch, uint32_t index) {
  const int64_t cost = cost_of(message);
  if (!even(message, *batch)) return Offer::kUneven;
  if (!take(crossing, cost)) return channel_->admission().fits(cost) ? Offer::kFull : Offer::kTooLarge;
  const uint32_t refused = batch->refused;
  offer_credited(crossing, message, batch, index);
  end_run(crossing);
  return batch->refused == refused ? Offer::kAccepted : Offer::kRefused;
}

size_t Lane::offer_gathered(const Crossing &crossing, Batch *batch, uint32_t first, bool *too_large) {
  *too_large = false;
  size_t taken = run_.size();
  if (!take_quietly(gathered_bytes_, static_cast<int64_t>(taken))) {
    // there is no room for all of them, but perhaps for some
    const auto cost = [&](size_t i) { return static_cast<int64_t>(Channel::kOverhead + run_.bytes(i)); };
    for (taken = 0; taken < run_.size() && take(crossing, cost(taken)); taken++) {
    }
    if (taken < run_.size()) *too_large = !channel_->admission().fits(cost(taken));
    run_.truncate(taken);
  }
  gathered_bytes_ = 0;
  for (size_t i = 0; i < taken; i++) {
    if (batch->slots == nullptr) {
      run_.belongs(i, opaque_of(batch));
      continue;
    }
    Slot *slot = &batch->slots[first + i];
    slot->ending.cost = static_cast<uint32_t>(Channel::kOverhead + run_.bytes(i));
    slot->ending.pinned = run_.partition() >= 0;
    run_.belongs(i, opaque_of(slot));
  }
  batch->pending.fetch_add(static_cast<uint32_t>(taken), std::memory_order_relaxed);
  batch->offered += static_cast<uint32_t>(taken);
  end_run(crossing);
  return taken;
}

bool Lane::even(const Outgoing &message, Batch &batch) {
  return batch.slots != nullptr || batch.costs(Channel::kOverhead + static_cast<uint32_t>(message.headers_size));
}

void Lane::offer_credited(const Crossing &crossing, const Outgoing &message, Batch *batch, uint32_t index) {
  void *opaque = opaque_of(batch);
  if (batch->slots) {
    Slot *slot = &batch->slots[index];
    slot->ending.cost = static_cast<uint32_t>(cost_of(message));
    slot->ending.pinned = message.partition >= 0;
    opaque = opaque_of(slot);
  }
  batch->pending.fetch_add(1, std::memory_order_relaxed);
  batch->offered++;
  offer_run(crossing, message, opaque, nullptr);
}

// Puts it to those that go together, or lets those go and hands it over by itself.
void Lane::offer_run(const Crossing &crossing, const Outgoing &message, void *opaque, int16_t *error) {
  if (!run_.takes(message)) end_run(crossing);
  if (run_.takes(message)) {
    run_.add(message, opaque);
    run_errors_.push_back(error);
    return;
  }
  const int16_t code = crossing.produce(topics_, message, opaque);
  if (code != 0) return refuse(opaque, code, cost_of(message), message.partition, error);
  add(accepted_);
  if (error != nullptr) *error = 0;
}

void Lane::end_run(const Crossing &crossing) {
  if (run_.empty()) return;
  const size_t taken = crossing.produce(topics_, run_, scout_);
  add(accepted_, static_cast<int64_t>(taken));
  const bool gathered = run_errors_.empty();
  for (size_t i = 0; i < run_.size() && !(gathered && taken == run_.size()); i++) {
    int16_t *told = gathered ? nullptr : run_errors_[i];
    const auto cost = static_cast<int64_t>(Channel::kOverhead + run_.bytes(i));
    if (run_.error(i) != 0) refuse(run_.opaque(i), run_.error(i), cost, run_.partition(), told);
    else if (told != nullptr) *told = 0;
  }
  run_.clear();
  run_errors_.clear();
}

// librdkafka did not take it: its credits go back, and nothing is in flight.
void Lane::refuse(void *opaque, int16_t error, int64_t cost, int32_t partition, int16_t *told) {
  add(refused_);
  channel_->give(cost);
  if (kind_of(opaque) == Kind::kSingle) {
    Single *single = untag<Single>(opaque);
    *told = error;
    recycle(single);
    return;
  }
  Slot *slot = kind_of(opaque) == Kind::kSlot ? static_cast<Slot *>(opaque) : nullptr;
  Batch *batch = slot != nullptr ? slot->batch : untag<Batch>(opaque);
  batch->pending.fetch_sub(1, std::memory_order_relaxed);
  batch->refused++;
  if (slot == nullptr) return;
  slot->ending.error = error;
  slot->ending.partition = partition;
  slot->ending.state.store(State::kRefused, std::memory_order_release);
}

int64_t Lane::lease(const Crossing &crossing, int64_t cost) {
  // no more than a small part of all: a thread that holds credits may be busy with something else for long
  const int64_t many = std::min(kLease, channel_->admission().max_messages() / 64);
  int64_t got = 0;
  if (many > 1 && channel_->admission().take(cost * many, many)) got = many;
  else if (take(crossing, cost)) got = 1;
  if (got == 0) return 0;
  if (!leases_) add(engaged_);
  leases_ = true;
  channel_->lease(cost * got, got);
  leased_messages_ += got;
  leased_bytes_ += cost * got;
  return got;
}

void Lane::offer_leased(const Crossing &crossing, const Outgoing &message, uint32_t id, int64_t due, int16_t *error) {
  const int64_t cost = cost_of(message);
  if (leased_messages_ < 1 || leased_bytes_ < cost) {
    *error = RD_KAFKA_RESP_ERR__QUEUE_FULL;
    return;
  }
  leased_messages_ -= 1;
  leased_bytes_ -= cost;
  channel_->lease(-cost, -1);
  Single *single;
  if (free_singles_.empty()) {
    single = &pool_.emplace_back();
    single->lane = this;
  } else {
    single = free_singles_.back();
    free_singles_.pop_back();
  }
  add(engaged_);
  single->id = id;
  single->due = due;
  single->ending.cost = static_cast<uint32_t>(cost);
  single->ending.error = 0;
  single->ending.possibly_persisted = false;
  single->ending.offset = -1;
  single->ending.pinned = message.partition >= 0;
  single->ending.state.store(State::kPending, std::memory_order_relaxed);
  offer_run(crossing, message, opaque_of(single), error);
}

void Lane::give_back(int64_t bytes, int64_t messages) { channel_->give(bytes, messages); }

void Lane::end_lease() {
  if (leases_) add(engaged_, -1);
  leases_ = false;
  if (leased_messages_ == 0 && leased_bytes_ == 0) return;
  channel_->lease(-leased_bytes_, -leased_messages_);
  channel_->give(leased_bytes_, leased_messages_);
  leased_bytes_ = 0;
  leased_messages_ = 0;
}

void Lane::finish(Batch *batch, uint32_t messages) {
  if (batch->pending.fetch_sub(messages, std::memory_order_acq_rel) != messages) return;
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
  // those whose thread has ended between reading that they had, and freeing them
  for (auto at = batches_open_.begin(); at != batches_open_.end();) {
    const bool finished = at->second->finished;
    at = finished ? batches_open_.erase(at) : std::next(at);
    if (finished) add(engaged_, -1);
  }
  waits_.store(false);
  room_.store(false);
  return batches_open_.empty() && free_singles_.size() == pool_.size();
}

}  // namespace millrace
