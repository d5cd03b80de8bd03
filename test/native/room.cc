// Credits and wake-ups alone, without Kafka: what is a matter of nanoseconds there comes a million times here.

#include <functional>
#include <thread>
#include <vector>

#include "channel.h"
#include "support.h"

namespace stress {
namespace {

using millrace::Channel;
using millrace::Crossing;
using millrace::Lane;

void sleep_until_room(Lane *lane, Bell *bell) {
  do {
    bell->wait("a thread that waits for room was never told of it");
    lane->look();
  } while (!lane->take_room());
}

// A moment of some nanoseconds, to meet another thread between two of its steps.
void moment(Chance &chance) {
  for (volatile uint32_t left = chance.number(150); left > 0; left = left - 1) {
  }
}

void wait_for(const std::atomic<uint32_t> &number, uint32_t least) {
  for (uint32_t tries = 0; number.load() < least; tries++) {
    if (tries > 2000) std::this_thread::yield();
  }
}

// One credit goes back and forth between two threads. Who gives it waits until the other has it, and a third who
// snatches it gives it back and does not come again: so the one wake-up is the only one, and lost for ever if it is.
void hand_over(uint64_t seed) {
  constexpr uint32_t kTimes = 15000;
  const int64_t cost = Channel::kOverhead;
  Channel channel("handover", 1, 1'000'000, false);
  std::atomic<uint32_t> begun{0};
  std::atomic<uint32_t> had{0};
  std::atomic<uint32_t> snatched{0};
  Lane *giver = channel.enter();
  Lane *taker = channel.enter();
  Bell giver_bell;
  giver->speak([&giver_bell] { giver_bell.ring(); });
  std::thread taking([&] {
    Chance chance(seed, 1);
    Bell bell;
    taker->speak([&bell] { bell.ring(); });
    for (uint32_t i = 1; i <= kTimes; i++) {
      wait_for(begun, i);
      moment(chance);
      while (taker->lease(Crossing(&channel, taker->home), cost) == 0) sleep_until_room(taker, &bell);
      taker->end_lease();
      had.store(i);
    }
    taker->retire();
  });
  std::thread snatching([&] {
    Chance chance(seed, 2);
    for (uint32_t i = 1; i <= kTimes; i++) {
      wait_for(begun, i);
      moment(chance);
      // in every other round: what it gives back may hide what was lost
      if (seed % 2 == 0 && channel.admission().take(cost)) channel.give(cost);
      snatched.store(i);
    }
  });
  Chance chance(seed, 3);
  for (uint32_t i = 1; i <= kTimes; i++) {
    while (giver->lease(Crossing(&channel, giver->home), cost) == 0) sleep_until_room(giver, &giver_bell);
    begun.store(i);
    moment(chance);
    giver->end_lease();
    wait_for(had, i);
    wait_for(snatched, i);
  }
  taking.join();
  snatching.join();
  giver->retire();
  same("messages in flight after all was given back", channel.admission().messages(), 0);
}

// Takes credits, gives them back at once, and sleeps when there are none until it is told of room.
void take_and_give(Channel *channel, Lane *lane, uint64_t seed, uint64_t who, uint32_t times) {
  Chance chance(seed, who);
  Bell bell;
  lane->speak([&bell] { bell.ring(); });
  for (uint32_t i = 0; i < times; i++) {
    const int64_t cost = Channel::kOverhead + chance.number(1000);
    while (lane->lease(Crossing(channel, lane->home), cost) == 0) sleep_until_room(lane, &bell);
    if (chance.one_in(4)) std::this_thread::yield();
    lane->end_lease();
    if (!chance.one_in(1000)) continue;
    lane->retire();
    channel->leave(lane);
    lane = channel->enter();
    lane->speak([&bell] { bell.ring(); });
  }
  lane->retire();
  channel->leave(lane);
}

// Calls on another thread while this one is within a crossing: it must not return before that has ended.
void waits_for_crossing(const char *what, const std::function<void(Channel *)> &call) {
  Channel channel("gate", 10, 10'000, false);
  channel.enter();
  std::atomic<bool> called{false};
  std::atomic<bool> returned{false};
  std::thread other;
  {
    const Crossing crossing(&channel, true);
    other = std::thread([&] {
      called.store(true);
      call(&channel);
      returned.store(true);
    });
    while (!called.load()) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (returned.load()) fail(what);
  }
  other.join();
}

}  // namespace

void gate_round(uint64_t) {
  waits_for_crossing("a purge does not wait for a crossing", [](Channel *channel) { channel->purge(); });
  waits_for_crossing("close does not wait for a crossing", [](Channel *channel) { channel->close(); });
  waits_for_crossing("the handle goes in the middle of a crossing", [](Channel *channel) { channel->detach(); });
}

void room_round(uint64_t seed) {
  hand_over(seed);
  Chance chance(seed, 0);
  const uint32_t threads = 2 + chance.number(3);
  // room for one, for fewer than there are threads, or bytes for little more than one
  const int64_t messages = chance.one_in(3) ? 1 : 1 + chance.number(threads);
  const int64_t bytes = chance.one_in(2) ? 1'000'000 : 1400 + chance.number(1500);
  Channel channel("room", messages, bytes, false);
  std::vector<std::thread> running;
  for (uint32_t i = 0; i < threads; i++) {
    Lane *lane = channel.enter();
    running.emplace_back([&channel, lane, seed, i] { take_and_give(&channel, lane, seed, i + 1, 4000); });
  }
  for (std::thread &thread : running) thread.join();
  same("messages in flight after all was given back", channel.admission().messages(), 0);
  same("bytes in flight after all was given back", channel.admission().bytes(), 0);
}

void waker_round(uint64_t seed) {
  Chance chance(seed, 0);
  millrace::Waker waker;
  std::atomic<bool> ended{false};
  // the caller answers each number with the same: odd ones hold it, even ones let it go on
  std::atomic<int> wish{0};
  std::atomic<int> answer{0};
  // librdkafka's thread, with news of a lane whose thread leaves and is followed by another
  std::thread caller([&] {
    while (!ended.load()) {
      const int wanted = wish.load();
      answer.store(wanted);
      if (wanted % 2 == 0) waker.wake();
      else std::this_thread::yield();
    }
  });
  for (int i = 0; i < 500; i++) {
    // its own, so that a call to who has gone is a call into freed memory
    auto mine = std::make_unique<std::atomic<uint32_t>>(0);
    waker.speak([mine = mine.get()] {
      // long enough for the other to be gone, if it did not wait
      for (volatile int left = 100; left > 0; left = left - 1) {
      }
      mine->fetch_add(1);
    });
    for (uint32_t wait = chance.number(200); wait > 0; wait--) {
      if (mine->exchange(0) > 0) waker.look();
    }
    wish.fetch_add(1);
    while (answer.load() != wish.load()) std::this_thread::yield();
    if (mine->exchange(0) > 0) waker.look();
    waker.wake();
    if (mine->load() == 0) fail("a thread that took over a lane is not called");
    wish.fetch_add(1);
    // until it is calling again, perhaps at this very moment
    mine->store(0);
    waker.look();
    while (mine->load() == 0) std::this_thread::yield();
    waker.look();
    moment(chance);
    waker.silence();
    if (chance.one_in(2)) std::this_thread::yield();
  }
  ended.store(true);
  caller.join();
}

}  // namespace stress
