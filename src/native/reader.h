// A consumer of the addon's own, for who reads topics back: one handle, and one job at a time on a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kafka.h"
#include "waker.h"

namespace millrace {

// What a handle said meanwhile: a line of its log, or an error where `code` is not 0.
struct ReaderEvent {
  int level;
  int code;
  std::string facility;
  std::string text;
};

// What a job may use while it runs.
struct Session {
  const Kafka *kafka;
  rd_kafka_t *rk;
  const std::atomic<bool> *cancelled;

  bool over() const { return cancelled->load(std::memory_order_relaxed); }
};

// One thing to do with a handle. Made and read on JavaScript's thread, run on the reader's: never at the same time,
// since results are read after the end only. Owned by its reader and by who asked for it.
class Job {
 public:
  virtual ~Job() = default;
  // @brief Returns when it is done, has failed or was cancelled, which it looks for at least every 100 ms.
  // @locality the reader's thread
  virtual void run(const Session &session) = 0;

  // librdkafka's error; 0 for none
  int error = 0;
  std::string why;

 protected:
  void fail(int code, std::string text) {
    error = code;
    why = std::move(text);
  }
};

// Threads: JavaScript's opens, starts, cancels and closes; jobs run on a thread each, one after the other; librdkafka's
// own write to the log. The handle lives from `open` to `close`. No lock is held while librdkafka is called, but for the
// log's, which calls nothing.
class Reader {
 public:
  // @returns null, with \p why, where librdkafka refuses the properties
  // @param wake called on a job's thread when it has ended; must not block
  static std::shared_ptr<Reader> open(const std::vector<std::pair<std::string, std::string>> &properties,
                                      std::function<void()> wake, std::string *why);
  ~Reader();

  // @returns false while another job runs, and after `close`. @locality JavaScript's thread
  bool start(std::shared_ptr<Job> job);
  // @brief The job ends soon, with what it has. @locality any thread
  void cancel() { cancelled_.store(true); }
  bool running() const { return running_.load(std::memory_order_acquire); }
  // @brief Nobody is woken any more; cancels the job, waits for it, and destroys the handle: a moment, or as long as
  // librdkafka waits for an address to be looked up. @locality JavaScript's thread, any number of times
  void close();

  // @brief What was said since the last call. @locality any thread
  std::vector<ReaderEvent> take_events();

 private:
  Reader() = default;
  static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text);
  static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque);
  void note(ReaderEvent event);

  const Kafka *kafka_ = nullptr;
  rd_kafka_t *rk_ = nullptr;
  Waker waker_;
  std::thread thread_;
  std::shared_ptr<Job> job_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> running_{false};

  std::mutex events_mutex_;
  std::vector<ReaderEvent> events_;
};

}  // namespace millrace
