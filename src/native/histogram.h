// A latency histogram that many threads record into without a lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>

namespace millrace {

// Buckets are log-linear, as in HdrHistogram: from 2^9 ns on each octave has 512 of equal width, below each nanosecond
// has its own. A bucket is at most 1/512 of its values wide, so that its middle is within 1/1024 of each of them: three
// significant digits. Every latency that a JavaScript number holds exactly (2^53 ns, 104 days) has a bucket, so nothing
// falls off the end. The same layout as in src/latency/layout.ts.
//
// An octave's counts are one page of memory. They are counted in shards, so that threads seldom share a cache line, and
// the system gives pages when they are first written to: what lies there is what latencies span, not 720 KiB.
//
// Counts are the whole state, and a relaxed add loses none of them: no order between buckets is needed, since each
// record is complete in itself.
class Histogram {
 public:
  static constexpr int kOctaveBits = 9;
  static constexpr int kRangeBits = 53;
  static constexpr int64_t kMaxValue = (int64_t{1} << kRangeBits) - 1;
  static constexpr uint32_t kBuckets = (kRangeBits - kOctaveBits + 1) << kOctaveBits;
  static constexpr uint32_t kShards = 4;

  Histogram() : counts_(static_cast<Count *>(std::calloc(size_t{kShards} * kBuckets, sizeof(Count)))) {
    if (counts_ == nullptr) std::terminate();
  }

  // @brief The bucket of a value from 0 to kMaxValue.
  static uint32_t bucket_of(uint64_t value) {
    // the shift that leaves ten bits, of which the first is the octave's own
    const uint32_t shift = 63 - kOctaveBits - static_cast<uint32_t>(__builtin_clzll(value | (1u << kOctaveBits)));
    return (shift << kOctaveBits) + static_cast<uint32_t>(value >> shift);
  }

  // @param nanoseconds below 0 counts as 0, above kMaxValue as that
  // @locality any thread; no lock, no system call but for the first value in a page
  void record(int64_t nanoseconds) {
    if (nanoseconds < 0) nanoseconds = 0;
    if (nanoseconds > kMaxValue) nanoseconds = kMaxValue;
    shard()[bucket_of(static_cast<uint64_t>(nanoseconds))].fetch_add(1, std::memory_order_relaxed);
  }

  // @brief Writes all kBuckets counts to \p out. What is recorded meanwhile may be in it or not.
  // @locality any thread; no lock
  void read(double *out) const {
    gather(out, [](const Count &count) { return count.load(std::memory_order_relaxed); });
  }

  // @brief The same, and starts again from zero: whatever is recorded meanwhile is in this reading or in the next.
  // @locality any thread; no lock
  void take(double *out) {
    gather(out, [](Count &count) {
      // most are zero, and are not to be written to
      return count.load(std::memory_order_relaxed) == 0 ? 0 : count.exchange(0, std::memory_order_relaxed);
    });
  }

 private:
  using Count = std::atomic<uint64_t>;
  static_assert(sizeof(Count) == sizeof(uint64_t) && Count::is_always_lock_free, "zeroed memory has to be zero counts");

  struct Free {
    void operator()(Count *counts) const { std::free(counts); }
  };

  // Threads take shards in turn. Two may get the same one: then they share cache lines, and still lose nothing.
  Count *shard() {
    static std::atomic<uint32_t> threads{0};
    static thread_local uint32_t mine = 0;
    if (mine == 0) mine = threads.fetch_add(1, std::memory_order_relaxed) % kShards + 1;
    return counts_.get() + static_cast<size_t>(mine - 1) * kBuckets;
  }

  template <typename Get>
  void gather(double *out, Get get) const {
    for (uint32_t bucket = 0; bucket < kBuckets; bucket++) {
      uint64_t sum = 0;
      for (uint32_t shard = 0; shard < kShards; shard++) sum += get(counts_[size_t{shard} * kBuckets + bucket]);
      out[bucket] = static_cast<double>(sum);
    }
  }

  const std::unique_ptr<Count[], Free> counts_;
};

}  // namespace millrace
