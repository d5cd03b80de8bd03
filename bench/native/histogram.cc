// What a record and the reading of a clock cost, in isolated loops; histogram-cost.ts compiles and runs it.
//   VALUES [VARIANT…]  one line of JSON for each variant: {"variant", "nanoseconds" per value};
//   null where other work never left the threads their processors at the same time
// Ends with 1 where a histogram did not count every value exactly once, or a time was wrong. A library, as the addon is: a thread's own
// variables cost more in one than in a program.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

#include "../../src/native/burst_clock.h"
#include "../../src/native/histogram.h"

namespace {

using millrace::burst_now;
using millrace::Histogram;
using millrace::monotonic_now;

// Gone through again and again. A tenth of a millisecond is short enough to be undisturbed at times.
constexpr size_t kValues = 1 << 15;
// Messages acknowledged by one request.
constexpr size_t kRequest = 1000;

// Latencies around 5 ms with a long tail: 99.9 % below 60 ms.
std::vector<int64_t> spread(uint32_t seed) {
  std::mt19937 random(seed);
  std::lognormal_distribution<double> latency(std::log(5e6), 0.8);
  std::vector<int64_t> values(kValues);
  for (int64_t &value : values) value = static_cast<int64_t>(latency(random));
  return values;
}

// The same request by request: its messages were produced one after the other, and acknowledged at once.
std::vector<int64_t> requests(uint32_t seed) {
  std::vector<int64_t> values = spread(seed);
  for (size_t i = 0; i < values.size(); i++) {
    const size_t first = i - i % kRequest;
    values[i] = values[first] - static_cast<int64_t>(i - first) * 500;
  }
  return values;
}

// All the same: where two threads share an array, both always want the same place of it.
std::vector<int64_t> equal(uint32_t) { return std::vector<int64_t>(kValues, 5000000); }

// To compare with: one array for all threads, and one that a single thread may write to.
class OneArray {
 public:
  void record(int64_t value) { counts_[Histogram::bucket_of(static_cast<uint64_t>(value))].fetch_add(1, std::memory_order_relaxed); }
  void take(double *out) {
    for (uint32_t i = 0; i < Histogram::kBuckets; i++) out[i] = static_cast<double>(counts_[i].exchange(0));
  }

 private:
  std::vector<std::atomic<uint64_t>> counts_ = std::vector<std::atomic<uint64_t>>(Histogram::kBuckets);
};

class OneThread {
 public:
  void record(int64_t value) { counts_[Histogram::bucket_of(static_cast<uint64_t>(value))]++; }
  void take(double *out) {
    for (uint32_t i = 0; i < Histogram::kBuckets; i++) out[i] = static_cast<double>(counts_[i]);
  }

 private:
  std::vector<uint64_t> counts_ = std::vector<uint64_t>(Histogram::kBuckets);
};

// Keeps the compiler from leaving out a value that nobody looks at.
template <typename T>
void use(const T &value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// Time that this thread had a processor.
double thread_time() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

// Each thread has a processor of its own where there are enough, so that they do meet.
void pin(int thread) {
#if defined(__linux__)
  const unsigned processors = std::thread::hardware_concurrency();
  if (processors == 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(thread) % processors, &set);
  // where that is not allowed, the scheduler chooses
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
#else
  (void)thread;
#endif
}

// What a thread took for one stretch of the work.
struct Stretch {
  double start, elapsed, processor;
};

// A stretch in which every thread began at the same time and had its processor all the while: only then did they meet, and
// others' work does not count.
bool undisturbed(const std::vector<std::vector<Stretch>> &threads, size_t at) {
  double first = threads[0][at].start;
  double last = first;
  double shortest = threads[0][at].elapsed;
  for (const std::vector<Stretch> &thread : threads) {
    const Stretch &stretch = thread[at];
    if (stretch.elapsed > 1.05 * stretch.processor + 1000) return false;
    first = std::min(first, stretch.start);
    last = std::max(last, stretch.start);
    shortest = std::min(shortest, stretch.elapsed);
  }
  return last - first < 0.05 * shortest + 500;
}

// @brief Runs \p body(thread) on so many threads, so many times; each time they start together.
// @returns the median nanoseconds of undisturbed times; NAN where there are none
template <typename Body>
double timed(int threads, size_t times, Body body) {
  std::atomic<size_t> ready{0};
  std::vector<std::vector<Stretch>> took(static_cast<size_t>(threads), std::vector<Stretch>(times));
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; thread++) {
    running.emplace_back([&, thread] {
      pin(thread);
      std::vector<Stretch> &mine = took[static_cast<size_t>(thread)];
      for (size_t time = 0; time < times; time++) {
        ready.fetch_add(1);
        while (ready.load() < static_cast<size_t>(threads) * (time + 1)) {
        }
        const double processor = thread_time();
        const double start = static_cast<double>(monotonic_now());
        body(thread);
        const double end = static_cast<double>(monotonic_now());
        mine[time] = {start, end - start, thread_time() - processor};
      }
    });
  }
  for (std::thread &thread : running) thread.join();
  std::vector<double> good;
  for (size_t time = 0; time < times; time++) {
    if (!undisturbed(took, time)) continue;
    double sum = 0;
    for (const std::vector<Stretch> &thread : took) sum += thread[time].elapsed;
    good.push_back(sum / threads);
  }
  if (good.empty()) return NAN;
  std::sort(good.begin(), good.end());
  return good[good.size() / 2];
}

bool counted(const std::vector<double> &counts, size_t expected) {
  double sum = 0;
  for (const double count : counts) sum += count;
  if (sum == static_cast<double>(expected)) return true;
  std::fprintf(stderr, "%.0f values were counted, not %zu\n", sum, expected);
  return false;
}

template <typename Recorder>
double record(size_t count, int threads, std::vector<int64_t> (*values_of)(uint32_t)) {
  Recorder histogram;
  std::vector<std::vector<int64_t>> values;
  for (int thread = 0; thread < threads; thread++) values.push_back(values_of(static_cast<uint32_t>(thread)));
  std::vector<double> counts(Histogram::kBuckets);
  const double took = timed(threads, count / kValues, [&](int thread) {
    for (const int64_t value : values[static_cast<size_t>(thread)]) histogram.record(value);
  });
  histogram.take(counts.data());
  if (!counted(counts, count / kValues * kValues * static_cast<size_t>(threads))) std::exit(1);
  return took / kValues;
}

// While one thread records, another takes again and again: every value is in one reading.
double taken_meanwhile(size_t count) {
  Histogram histogram;
  const std::vector<int64_t> values = spread(0);
  std::vector<double> counts(Histogram::kBuckets);
  std::vector<double> sums(Histogram::kBuckets);
  std::atomic<bool> done{false};
  const auto take = [&] {
    histogram.take(counts.data());
    for (uint32_t i = 0; i < Histogram::kBuckets; i++) sums[i] += counts[i];
  };
  std::thread taker([&] {
    pin(1);
    while (!done.load()) take();
  });
  const double took = timed(1, count / kValues, [&](int) {
    for (const int64_t value : values) histogram.record(value);
  });
  done.store(true);
  taker.join();
  take();
  if (!counted(sums, count / kValues * kValues)) std::exit(1);
  return took / kValues;
}

// What an acknowledgement adds: the time, and a record.
template <typename Now>
double acknowledged(size_t count, Now now) {
  Histogram histogram;
  const std::vector<int64_t> latencies = spread(0);
  const int64_t start = monotonic_now();
  return timed(1, count / kValues, [&](int) {
           for (const int64_t latency : latencies) histogram.record(now() - start + latency);
         }) / kValues;
}

template <typename Now>
double reading(size_t count, Now now) {
  return timed(1, count / kValues, [&](int) {
           for (size_t i = 0; i < kValues; i++) use(now());
         }) / kValues;
}

// Every reading is between the clock's own before and after it, but for a burst; on x86-64 that is two microseconds at
// 1 GHz, and less on any processor there is.
bool burst_is_near() {
  for (int i = 0; i < 1000000; i++) {
    const int64_t before = monotonic_now();
    const int64_t now = burst_now();
    if (now >= before - 4000 && now <= monotonic_now()) continue;
    std::fprintf(stderr, "the time in a burst was %lld ns off\n", static_cast<long long>(now - before));
    return false;
  }
  return true;
}

double burst(size_t count) {
  if (!burst_is_near()) std::exit(1);
  return reading(count, burst_now);
}

int64_t clock_of(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return int64_t{1000000000} * now.tv_sec + now.tv_nsec;
}

// A reading of all buckets and shards, of which one thread wrote to one.
double whole(size_t count, bool reset) {
  Histogram histogram;
  for (const int64_t value : spread(0)) histogram.record(value);
  std::vector<double> counts(Histogram::kBuckets);
  return timed(1, std::max<size_t>(count / 100000, 10), [&](int) {
    if (reset) histogram.take(counts.data());
    else histogram.read(counts.data());
  });
}

#if defined(__x86_64__)
// The processor's counter as nanoseconds, by a rate that was measured before.
double ticks_per_nanosecond() {
  const int64_t start = monotonic_now();
  const uint64_t from = __rdtsc();
  while (monotonic_now() - start < 20000000) {
  }
  return static_cast<double>(__rdtsc() - from) / static_cast<double>(monotonic_now() - start);
}
#endif

struct Variant {
  const char *name;
  double (*measure)(size_t);
};

const Variant variants[] = {
    {"record, 1 thread, spread", [](size_t n) { return record<Histogram>(n, 1, spread); }},
    {"record, 1 thread, requests", [](size_t n) { return record<Histogram>(n, 1, requests); }},
    {"record, 2 threads, spread", [](size_t n) { return record<Histogram>(n, 2, spread); }},
    {"record, 2 threads, requests", [](size_t n) { return record<Histogram>(n, 2, requests); }},
    {"record, 2 threads, equal", [](size_t n) { return record<Histogram>(n, 2, equal); }},
    {"record, 1 thread, taken meanwhile", taken_meanwhile},
    {"one array, 1 thread, spread", [](size_t n) { return record<OneArray>(n, 1, spread); }},
    {"one array, 1 thread, requests", [](size_t n) { return record<OneArray>(n, 1, requests); }},
    {"one array, 2 threads, spread", [](size_t n) { return record<OneArray>(n, 2, spread); }},
    {"one array, 2 threads, requests", [](size_t n) { return record<OneArray>(n, 2, requests); }},
    {"one array, 2 threads, equal", [](size_t n) { return record<OneArray>(n, 2, equal); }},
    {"not atomic, 1 thread, spread", [](size_t n) { return record<OneThread>(n, 1, spread); }},
    {"not atomic, 1 thread, requests", [](size_t n) { return record<OneThread>(n, 1, requests); }},
    {"clock, CLOCK_MONOTONIC", [](size_t n) { return reading(n, monotonic_now); }},
    {"clock, in a burst", burst},
#if defined(__linux__)
    {"clock, CLOCK_MONOTONIC_COARSE", [](size_t n) { return reading(n, [] { return clock_of(CLOCK_MONOTONIC_COARSE); }); }},
    {"clock, CLOCK_MONOTONIC_RAW", [](size_t n) { return reading(n, [] { return clock_of(CLOCK_MONOTONIC_RAW); }); }},
#endif
#if defined(__x86_64__)
    {"clock, calibrated counter",
     [](size_t n) {
       const double scale = 1 / ticks_per_nanosecond();
       return reading(n, [scale] { return static_cast<int64_t>(static_cast<double>(__rdtsc()) * scale); });
     }},
#endif
    {"acknowledged, CLOCK_MONOTONIC", [](size_t n) { return acknowledged(n, monotonic_now); }},
    {"acknowledged, in a burst", [](size_t n) { return acknowledged(n, burst_now); }},
    {"read the whole", [](size_t n) { return whole(n, false); }},
    {"take the whole", [](size_t n) { return whole(n, true); }},
};

}  // namespace

int measure(int argc, char **argv) {
  if (argc < 2 || std::strtoull(argv[1], nullptr, 10) < kValues) {
    std::fprintf(stderr, "VALUES [VARIANT…], of at least %zu values\n", kValues);
    return 2;
  }
  const size_t count = std::strtoull(argv[1], nullptr, 10);
  const auto wanted = [&](const char *name) {
    for (int i = 2; i < argc; i++)
      if (std::strcmp(argv[i], name) == 0) return true;
    return argc == 2;
  };
  for (const Variant &variant : variants) {
    if (!wanted(variant.name)) continue;
    const double nanoseconds = variant.measure(count);
    if (std::isnan(nanoseconds)) std::printf("{\"variant\":\"%s\",\"nanoseconds\":null}\n", variant.name);
    else std::printf("{\"variant\":\"%s\",\"nanoseconds\":%.3f}\n", variant.name, nanoseconds);
    std::fflush(stdout);
  }
  return 0;
}
