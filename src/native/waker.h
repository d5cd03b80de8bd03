// How librdkafka's threads call a JavaScript thread that may end at any moment.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace millrace {

// Called many times, wakes once until the woken one says that it is about to look.
//
// The lost wake-up: who has news publishes it first and looks at `woken_` second; who looks clears `woken_` first
// and reads the news second. One of them sees the other; the news must be published with sequential consistency.
class Waker {
 public:
  // @brief Who is to be called; must not block. @locality the woken thread, while silent
  void speak(std::function<void()> wake) {
    wake_ = std::move(wake);
    // in this order: a late call for who was here before sets `woken_` and, while silent, calls nobody. Cleared
    // before that, it would stay set, and nobody would be called ever after.
    silent_.store(false);
    woken_.store(false);
  }

  // @brief Nobody is called any more once this returns. @locality the woken thread
  void silence() {
    silent_.store(true);
    // a thread that is inside has only a function call before it
    while (inside_.load() != 0) std::this_thread::yield();
  }

  // @locality any thread, librdkafka's included; no lock
  void wake() {
    if (woken_.load() || woken_.exchange(true)) return;
    inside_.fetch_add(1);
    if (!silent_.load()) wake_();
    inside_.fetch_sub(1);
  }

  // @brief The woken thread is about to look. @locality that thread
  void look() { woken_.store(false); }

 private:
  std::function<void()> wake_;
  std::atomic<bool> woken_{false};
  std::atomic<bool> silent_{true};
  std::atomic<int> inside_{0};
};

}  // namespace millrace
