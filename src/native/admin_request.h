// One request of librdkafka's Admin API, and the waiting for its answer.
#pragma once

#include <chrono>

#include "kafka.h"

namespace millrace {

// Owns the request's queue, options and answer. The handle must outlive it. Belongs to one thread.
class AdminRequest {
 public:
  AdminRequest(const Kafka *kafka, rd_kafka_t *rk, rd_kafka_admin_op_t kind, int timeout_ms)
      : kafka_(kafka),
        queue_(kafka->rd_kafka_queue_new(rk)),
        options_(kafka->rd_kafka_AdminOptions_new(rk, kind)),
        // librdkafka keeps the time, too; with a second more, its own reason comes first
        deadline_(std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms) + std::chrono::seconds(1)) {
    char why[256];
    kafka->rd_kafka_AdminOptions_set_request_timeout(options_, timeout_ms, why, sizeof(why));
  }
  ~AdminRequest() {
    if (event_ != nullptr) kafka_->rd_kafka_event_destroy(event_);
    kafka_->rd_kafka_AdminOptions_destroy(options_);
    // an answer that is still to come is dropped with it
    kafka_->rd_kafka_queue_destroy(queue_);
  }
  AdminRequest(const AdminRequest &) = delete;
  AdminRequest &operator=(const AdminRequest &) = delete;

  // @param broker an id out of metadata. librdkafka's own choice, the controller, may be one that clients cannot reach, or
  // be missing as in embedded clusters: it would be waited for until the time is up
  void to(int32_t broker) {
    char why[256];
    kafka_->rd_kafka_AdminOptions_set_broker(options_, broker, why, sizeof(why));
  }

  rd_kafka_queue_t *queue() const { return queue_; }
  rd_kafka_AdminOptions_t *options() const { return options_; }

  // @param goes_on asked before each slice of 50 ms
  // @returns the answer, owned by this; null: none came in time, or \p goes_on said no
  template <typename GoesOn>
  rd_kafka_event_t *answer(GoesOn goes_on) {
    while (event_ == nullptr && goes_on() && std::chrono::steady_clock::now() < deadline_)
      event_ = kafka_->rd_kafka_queue_poll(queue_, 50);
    return event_;
  }

 private:
  const Kafka *const kafka_;
  rd_kafka_queue_t *const queue_;
  rd_kafka_AdminOptions_t *const options_;
  rd_kafka_event_t *event_ = nullptr;
  const std::chrono::steady_clock::time_point deadline_;
};

}  // namespace millrace
