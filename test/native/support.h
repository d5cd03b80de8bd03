// What the parts of the stress program share: chance that can be repeated, the end of a program that hangs, and how it
// says that something is wrong.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>

#include "lane.h"

namespace stress {

// How long anything may take that must come by itself: a wake-up, the end of a message. Far beyond message.timeout.ms.
constexpr auto kPatience = std::chrono::seconds(40);

// What is being done, for the message of `fail`. Set by one thread, read by any.
extern std::atomic<uint64_t> g_seed;
extern std::atomic<const char *> g_part;

[[noreturn]] inline void fail(const char *what) {
  fprintf(stderr, "stress: %s FAILED: %s\nstress: repeat with --part %s --seed %llu --rounds 1\n", g_part.load(), what,
          g_part.load(), static_cast<unsigned long long>(g_seed.load()));
  fflush(stderr);
  // with a core, and without destructors: threads are still at work
  abort();
}

template <typename A, typename B>
void same(const char *what, A is, B should_be) {
  if (static_cast<int64_t>(is) == static_cast<int64_t>(should_be)) return;
  char text[200];
  snprintf(text, sizeof(text), "%s: %lld, not %lld", what, static_cast<long long>(is),
           static_cast<long long>(should_be));
  fail(text);
}

class Chance {
 public:
  Chance(uint64_t seed, uint64_t who) : source_(seed * 1000003 + who) {}
  // 0 to below - 1
  uint32_t number(uint32_t below) { return static_cast<uint32_t>(source_() % below); }
  bool one_in(uint32_t n) { return number(n) == 0; }

 private:
  std::mt19937_64 source_;
};

// Stands for the event loop of a JavaScript thread: sleeps until the lane's waker calls.
class Bell {
 public:
  // @locality any thread
  void ring() {
    std::lock_guard<std::mutex> lock(mutex_);
    rung_ = true;
    rings_++;
    changed_.notify_one();
  }

  // @brief Sleeps until it rings. There is no polling beside it: a wake-up that is lost ends the program.
  void wait(const char *what) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return rung_; })) fail(what);
    rung_ = false;
  }

  bool wait_for(std::chrono::milliseconds time) {
    std::unique_lock<std::mutex> lock(mutex_);
    const bool rung = changed_.wait_for(lock, time, [this] { return rung_; });
    rung_ = false;
    return rung;
  }

  uint64_t rings() {
    std::lock_guard<std::mutex> lock(mutex_);
    return rings_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
  uint64_t rings_ = 0;
};

// The parts, each one round.
void room_round(uint64_t seed);
void waker_round(uint64_t seed);
void gate_round(uint64_t seed);
void scout_round(uint64_t seed);
void json_round(uint64_t seed);
void producers_round(uint64_t seed);

}  // namespace stress
