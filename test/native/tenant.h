// A thread that produces, as a JavaScript thread does through the addon: it has a lane, offers, sleeps until its waker
// calls, reads what has ended, and keeps an account of its own to compare with.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "channel.h"
#include "support.h"

namespace stress {

struct Sums {
  int64_t accepted = 0;
  int64_t refused = 0;
  // of what was told
  int64_t delivered = 0;
  int64_t failed = 0;
  int64_t unsent = 0;
  int64_t persisted = 0;
  // in flight when it left
  int64_t left = 0;

  void add(const Sums &more);
};

class Tenant {
 public:
  // @param lane entered for it; the tenant speaks, retires and leaves
  Tenant(millrace::Channel *channel, millrace::Lane *lane, uint64_t seed, uint64_t who, bool borrows);

  // @brief Offers at random until `stop`, or until the channel takes no more.
  void work(const std::atomic<bool> &stop);
  // @brief Waits until all that it sent was told.
  void drain();
  // @brief Reads what has ended by now.
  bool read();
  // @brief Leaves at once, whatever is in flight.
  void leave();
  // @brief Leaves, and comes back as another thread would; not for the home.
  void move();

  // @brief Offers one message that cannot get anywhere. @returns whether it was accepted
  bool leave_behind();

  Bell &bell() { return bell_; }
  millrace::Lane *lane() const { return lane_; }
  // Of all its stays; to be read after its thread was joined.
  const Sums &sums() const { return sums_; }
  bool idle() const { return batches_.empty() && singles_.empty(); }

 private:
  using Bytes = std::unique_ptr<uint8_t[]>;

  // A batch on its way.
  struct Sent {
    int64_t accepted = 0;
    int64_t refused = 0;
    std::vector<Bytes> borrowed;
  };

  void enter(millrace::Lane *lane);
  void send_batch(bool slots);
  void send_singles();
  bool wait_for_room();
  // Dawdles within a crossing, now and then: who closes meanwhile has to wait for it.
  void linger();
  void tell(millrace::Batch *batch);
  void tell(millrace::Single *single);
  // Bytes of their own each, and no more than needed, so that a read beyond them is seen.
  millrace::Outgoing message(std::vector<Bytes> *memory);
  const uint8_t *bytes(std::vector<Bytes> *memory, size_t size);
  // Bytes that nobody but the batch holds once this returns.
  const uint8_t *lent(millrace::Batch *batch, size_t size);
  int64_t in_flight() const;

  millrace::Channel *const channel_;
  millrace::Lane *lane_ = nullptr;
  Chance chance_;
  const bool borrows_;
  Bell bell_;
  const std::atomic<bool> *stop_ = nullptr;
  bool closed_ = false;
  std::map<millrace::Batch *, Sent> batches_;
  std::set<uint32_t> singles_;
  uint32_t next_single_ = 0;
  Sums sums_;
  // of this stay
  Sums stay_;
  int64_t accepted_before_ = 0;
  int64_t refused_before_ = 0;
};

}  // namespace stress
