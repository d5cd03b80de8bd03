#include "tenant.h"

#include <cstring>
#include <thread>

#include "cluster.h"

namespace stress {
namespace {

using namespace millrace;

constexpr uint32_t kMostInBatch = 60;

int64_t cost_of(const Outgoing &message) {
  return static_cast<int64_t>(Channel::kOverhead + message.key_size + message.value_size + message.headers_size);
}

}  // namespace

void Sums::add(const Sums &more) {
  accepted += more.accepted;
  refused += more.refused;
  delivered += more.delivered;
  failed += more.failed;
  unsent += more.unsent;
  persisted += more.persisted;
  left += more.left;
}

Tenant::Tenant(Channel *channel, Lane *lane, uint64_t seed, uint64_t who, bool borrows)
    : channel_(channel), chance_(seed, who), borrows_(borrows) {
  enter(lane);
}

void Tenant::enter(Lane *lane) {
  lane_ = lane;
  accepted_before_ = lane->accepted();
  refused_before_ = lane->refused();
  lane->speak([this] { bell_.ring(); });
}

void Tenant::work(const std::atomic<bool> &stop) {
  stop_ = &stop;
  while (!stop.load() && !closed_) {
    const uint32_t what = chance_.number(40);
    if (what < 12) send_batch(true);
    else if (what < 24) send_batch(false);
    else if (what < 36) send_singles();
    else if (what < 38) bell_.wait_for(std::chrono::milliseconds(chance_.number(3)));
    else if (!lane_->home && chance_.one_in(4)) move();
    read();
  }
}

const uint8_t *Tenant::bytes(std::vector<Bytes> *memory, size_t size) {
  memory->push_back(Bytes(new uint8_t[size]));
  std::memset(memory->back().get(), 'a' + static_cast<int>(chance_.number(26)), size);
  return memory->back().get();
}

const uint8_t *Tenant::lent(Batch *batch, size_t size) {
  const auto block = LentMemory::make(std::max<size_t>(size, 1));
  std::memset(block->data(), 'a' + static_cast<int>(chance_.number(26)), size);
  if (!batch->hold(block->data(), size)) fail("lent memory is not found");
  if (batch->hold(block->data(), block->size() + 1)) fail("more was found than is lent");
  return block->data();
}

Outgoing Tenant::message(std::vector<Bytes> *memory) {
  Outgoing out = {lane_->topic(Cluster::topic(chance_.number(Cluster::kTopics))), RD_KAFKA_PARTITION_UA, nullptr, 0,
                  nullptr, 0, 0, nullptr, 0, false};
  if (chance_.one_in(3)) out.partition = static_cast<int32_t>(chance_.number(Cluster::kPartitions));
  // some are refused: no such partition, too large, no such topic
  if (chance_.one_in(30)) out.partition = 77;
  if (chance_.one_in(50)) out.topic = 12345;
  if (!chance_.one_in(10)) {
    out.value_size = chance_.one_in(30) ? 1500 : chance_.number(300);
    out.value = bytes(memory, out.value_size);
  }
  if (chance_.one_in(2)) {
    out.key_size = chance_.number(20);
    out.key = bytes(memory, out.key_size);
  }
  if (chance_.one_in(6)) out.timestamp = 1700000000000;
  if (chance_.one_in(4)) {
    const int32_t sizes[] = {1, chance_.one_in(2) ? -1 : 5};
    std::string packed(reinterpret_cast<const char *>(sizes), sizeof(sizes));
    packed += sizes[1] < 0 ? "h" : "hvalue";
    // or a torn one, which ends the list
    if (chance_.one_in(5)) packed.resize(packed.size() - chance_.number(3));
    auto *copy = const_cast<uint8_t *>(bytes(memory, packed.size()));
    std::memcpy(copy, packed.data(), packed.size());
    out.headers = copy;
    out.headers_size = packed.size();
  }
  return out;
}

// With slots each message is of its own kind, as in an array; without, all share what is not key or value, as in a
// frame.
void Tenant::send_batch(bool slots) {
  const uint32_t size = chance_.number(kMostInBatch);
  Batch *batch = lane_->open_batch(size, slots, 0);
  Sent &sent = batches_[batch];
  std::vector<Bytes> memory;
  std::vector<Bytes> *values = borrows_ && chance_.one_in(2) ? &sent.borrowed : nullptr;
  const bool lends = values == nullptr && chance_.one_in(3);
  const bool borrows = values != nullptr || lends;
  if (values != nullptr) lane_->borrow();
  Outgoing shared = message(&memory);
  // cut short now and then, as by an abort
  const uint32_t to = chance_.one_in(10) ? chance_.number(size + 1) : size;
  uint32_t index = 0;
  while (index < to) {
    bool full = false;
    {
      const Crossing crossing(channel_, lane_->home);
      if (!crossing.open()) {
        closed_ = true;
        break;
      }
      const auto next = [&] {
        Outgoing one = slots && !borrows ? message(&memory) : shared;
        if (!slots || borrows) {
          one.value_size = chance_.one_in(40) ? 1500 : chance_.number(300);
          one.value = lends ? lent(batch, one.value_size) : bytes(values != nullptr ? values : &memory, one.value_size);
          one.borrow = borrows;
          if (!slots && index > 0 && chance_.one_in(200)) one.headers_size = one.headers_size == 0 ? 0 : one.headers_size - 1;
        }
        return one;
      };
      while (index < to) {
        linger();
        if (chance_.one_in(3)) crossing.reap();
        if (chance_.one_in(3)) {
          uint32_t gathered = 0;
          for (Outgoing one = next(); gathered < std::min(to - index, 60u); one = next()) {
            if (!lane_->gathers(one) || !Lane::even(one, *batch)) break;
            lane_->gather(one);
            gathered++;
          }
          const uint32_t refused = batch->refused;
          bool too_large;
          const auto taken = static_cast<uint32_t>(lane_->offer_gathered(crossing, batch, index, &too_large));
          index += taken;
          sent.refused += batch->refused - refused;
          sent.accepted += taken - (batch->refused - refused);
          full = taken < gathered && !too_large;
          if (full) break;
          if (taken < gathered) index++;
          if (gathered > 0) continue;
        }
        if (chance_.one_in(2)) {
          std::vector<Outgoing> many;
          int64_t cost = 0;
          while (many.size() < std::min<size_t>(to - index, 60)) {
            const Outgoing one = next();
            if (!Lane::even(one, *batch)) continue;
            many.push_back(one);
            cost += Lane::cost_of(one);
          }
          if (lane_->credit(cost, static_cast<int64_t>(many.size()))) {
            const uint32_t refused = batch->refused;
            for (const Outgoing &one : many) lane_->offer_credited(crossing, one, batch, index++);
            lane_->end_run(crossing);
            sent.refused += batch->refused - refused;
            sent.accepted += many.size() - (batch->refused - refused);
            continue;
          }
        }
        switch (lane_->offer(crossing, next(), batch, index)) {
          case Offer::kAccepted:
            sent.accepted++;
            break;
          case Offer::kRefused:
            sent.refused++;
            break;
          case Offer::kFull:
            full = true;
            break;
          case Offer::kTooLarge:
            break;
          case Offer::kUneven:
            if (slots) fail("a message with a slot of its own was found uneven");
            break;
        }
        if (full) break;
        index++;
      }
    }
    if (full && !wait_for_room()) break;
  }
  stay_.accepted += sent.accepted;
  stay_.refused += sent.refused;
  // a thread that ends in the middle seals nothing: its lane does
  if (!lane_->home && chance_.one_in(40)) return move();
  lane_->seal(batch);
}

void Tenant::send_singles() {
  std::vector<Bytes> memory;
  uint32_t left = 1 + chance_.number(kMostInBatch);
  while (left > 0) {
    std::vector<Outgoing> packed;
    int64_t messages = 0;
    int64_t credit = 0;
    bool full = false;
    while (left > 0 && !full) {
      const Outgoing one = message(&memory);
      const int64_t cost = cost_of(one);
      if (!channel_->admission().fits(cost)) {
        left--;
        continue;
      }
      if (messages < 1 || credit < cost) {
        const int64_t got = lane_->lease(Crossing(channel_, lane_->home), cost);
        full = got == 0;
        messages += got;
        credit += got * cost;
        if (full) break;
      }
      messages--;
      credit -= cost;
      left--;
      packed.push_back(one);
    }
    // credits that were leased for messages that never cross
    if (!lane_->home && chance_.one_in(40)) return move();
    {
      const Crossing crossing(channel_, lane_->home);
      if (!crossing.open()) {
        closed_ = true;
        left = 0;
      }
      std::vector<int16_t> errors(packed.size());
      const uint32_t first = next_single_;
      for (size_t i = 0; !closed_ && i < packed.size(); i++) {
        linger();
        // before it crosses: it may end at once
        singles_.insert(next_single_);
        lane_->offer_leased(crossing, packed[i], next_single_++, 0, &errors[i]);
      }
      if (!closed_) lane_->end_run(crossing);
      for (size_t i = 0; !closed_ && i < packed.size(); i++) {
        if (errors[i] == 0) {
          stay_.accepted++;
        } else {
          stay_.refused++;
          singles_.erase(first + static_cast<uint32_t>(i));
        }
      }
    }
    lane_->end_lease();
    if (full && !closed_ && !wait_for_room()) return;
  }
}

void Tenant::linger() {
  if (chance_.one_in(300)) std::this_thread::sleep_for(std::chrono::milliseconds(1 + chance_.number(20)));
}

bool Tenant::wait_for_room() {
  for (;;) {
    if (stop_->load()) return false;
    bell_.wait("a producer that waits for room was never told of it");
    if (read()) return true;
  }
}

bool Tenant::read() {
  lane_->look();
  Crossing(channel_, lane_->home).reap();
  const bool room = lane_->take_room();
  for (Single *single = lane_->take_singles(); single != nullptr;) {
    Single *next = single->next;
    tell(single);
    lane_->recycle(single);
    single = next;
  }
  for (Batch *batch = lane_->take_batches(); batch != nullptr;) {
    Batch *next = batch->next;
    tell(batch);
    lane_->free_batch(batch);
    batch = next;
  }
  return room;
}

void Tenant::tell(Single *single) {
  if (singles_.erase(single->id) != 1) fail("the ending of a message that was not in flight was told");
  const State state = single->ending.state.load();
  if (state == State::kDelivered) stay_.delivered++;
  else if (state == State::kFailed) stay_.failed++;
  else if (state == State::kUnsent) stay_.unsent++;
  else fail("a message ended that is pending");
  if (single->ending.possibly_persisted) stay_.persisted++;
}

void Tenant::tell(Batch *batch) {
  const auto found = batches_.find(batch);
  if (found == batches_.end()) fail("a batch ended twice, or never began");
  const Sent &sent = found->second;
  same("messages of a batch still in flight as it ends", batch->pending.load(), 0);
  same("messages offered of a batch", batch->offered, sent.accepted + sent.refused);
  same("messages refused of a batch", batch->refused, sent.refused);
  const int64_t delivered = batch->delivered();
  const int64_t failed = batch->failed.load();
  const int64_t unsent = batch->unsent.load();
  same("messages of a batch that ended", delivered + failed + unsent, sent.accepted);
  if (batch->slots) {
    int64_t states[5] = {};
    for (uint32_t i = 0; i < batch->size; i++) states[static_cast<int>(batch->slots[i].ending.state.load())]++;
    same("slots delivered", states[static_cast<int>(State::kDelivered)], delivered);
    same("slots failed", states[static_cast<int>(State::kFailed)], failed);
    same("slots unsent", states[static_cast<int>(State::kUnsent)], unsent);
    same("slots refused", states[static_cast<int>(State::kRefused)], sent.refused);
  }
  stay_.delivered += delivered;
  stay_.failed += failed;
  stay_.unsent += unsent;
  stay_.persisted += batch->possibly_persisted.load();
  batches_.erase(found);  // and what it borrowed
}

void Tenant::drain() {
  read();
  while (!idle()) {
    bell_.wait("a message that has ended was never told");
    read();
  }
  same("told of this stay", stay_.delivered + stay_.failed + stay_.unsent, stay_.accepted);
}

void Tenant::leave() {
  lane_->retire();
  // as on_thread_end does: the memory goes with the thread
  if (lane_->borrows() && !channel_->purge_within(kPatience)) fail("a purge did not end all messages");
  same("accepted by the lane", lane_->accepted() - accepted_before_, stay_.accepted);
  same("refused by the lane", lane_->refused() - refused_before_, stay_.refused);
  stay_.left = stay_.accepted - stay_.delivered - stay_.failed - stay_.unsent;
  sums_.add(stay_);
  stay_ = Sums();
  batches_.clear();
  singles_.clear();
  // the last access: another thread may take it
  channel_->leave(lane_);
}

void Tenant::move() {
  leave();
  enter(channel_->enter());
}

bool Tenant::leave_behind() {
  const Outgoing one = {lane_->topic("nowhere"), RD_KAFKA_PARTITION_UA, nullptr, 0, "v", 1, 0, nullptr, 0, false};
  Batch *batch = lane_->open_batch(1, true, 0);
  Offer result = Offer::kFull;
  {
    const Crossing crossing(channel_, lane_->home);
    if (crossing.open()) result = lane_->offer(crossing, one, batch, 0);
  }
  Sent &sent = batches_[batch];
  sent.accepted = result == Offer::kAccepted;
  sent.refused = result == Offer::kRefused;
  stay_.accepted += sent.accepted;
  stay_.refused += sent.refused;
  lane_->seal(batch);
  return result == Offer::kAccepted;
}

}  // namespace stress
