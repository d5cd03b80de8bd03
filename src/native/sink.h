// Stands in librdkafka's place behind a channel: takes messages, forgets them, and acknowledges them from a thread of
// its own. What is left is what the addon itself costs; `millrace bench --stages` measures it so.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "channel.h"

namespace millrace {

// Owned by its registry and by its thread; keeps its channel.
class Sink {
 public:
  // As many as a trial may have producers, and some.
  static constexpr size_t kMost = 128;

  // @brief A sink for a channel that has no handle yet; from then on what crosses there ends here. Replaces functions
  // in the table of librdkafka's, for good, by some that look where a message goes first.
  // @locality JavaScript's main thread, while no other thread produces in this process
  // @returns its number; 0 where there are too many, or the channel has a handle
  static uint32_t open(std::shared_ptr<Channel> channel);
  // @brief Ends what it took, and its thread; the channel takes no more. @locality any JavaScript thread; waits for that
  static void close(uint32_t number);
  // @returns how many messages it took so far; 0 where there is no such sink. @locality any thread
  static int64_t taken(uint32_t number);

  // The following are what the table's functions do for a sink's handle. @locality as librdkafka's own

  void take(void *opaque, size_t size, size_t key_size);
  size_t take(rd_kafka_message_t *messages, size_t count);
  // @returns whether all that was taken has ended in time
  bool flush(int timeout_ms);

 private:
  struct Message {
    void *opaque;
    size_t size;
    size_t key_size;
  };

  explicit Sink(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
  void serve();
  void stop();

  const std::shared_ptr<Channel> channel_;
  std::mutex mutex_;  // of all that follows
  std::condition_variable news_;
  std::condition_variable idle_;
  std::vector<Message> waiting_;
  int64_t taken_ = 0;
  bool settling_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
};

}  // namespace millrace
