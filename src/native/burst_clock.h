// The time of acknowledgements, which come in bursts.
#pragma once

#include <cstdint>
#include <ctime>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace millrace {

// @brief CLOCK_MONOTONIC in nanoseconds: what process.hrtime counts, too.
// @locality any thread
inline int64_t monotonic_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{1000000000} * now.tv_sec + now.tv_nsec;
}

#if defined(__x86_64__)
// Ticks of the processor's counter, which is cheaper to read than the clock: at most a microsecond from 2 GHz on.
constexpr uint64_t kBurstTicks = 2048;

// @brief The same, but for messages that one thread acknowledges right after one another: those within kBurstTicks of
// its last reading of the clock are given that one. The counter only tells that little time has passed, so that neither
// its rate nor its differences between cores matter: where it jumps, the clock is read.
// @locality any thread; each has its own last reading
inline int64_t burst_now() {
  struct Reading {
    uint64_t ticks;
    int64_t time;
  };
  static thread_local Reading last = {0, 0};
  const uint64_t ticks = __rdtsc();
  if (ticks - last.ticks >= kBurstTicks) last = {ticks, monotonic_now()};
  return last.time;
}
#else
inline int64_t burst_now() { return monotonic_now(); }
#endif

}  // namespace millrace
