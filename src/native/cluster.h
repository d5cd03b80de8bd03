// librdkafka's mock cluster inside a handle: its topics, its brokers, and the faults it is told to have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "channel.h"

namespace millrace {

// How one request is answered: with an error (0: none), and so much later.
struct BrokerFault {
  rd_kafka_resp_err_t error;
  int32_t rtt_ms;
};

// Every call returns librdkafka's error, 0 when it took effect, and further
//   _DESTROY          the handle is closed: nothing was called,
//   _NOT_CONFIGURED   the handle has no mock cluster (made without test.mock.num.brokers),
//   _NOT_IMPLEMENTED  this librdkafka does not have the function.
//
// Threads: any. A call holds the channel's gate, so that the handle, and the cluster with it, outlives the call;
// most hand an operation to the cluster's own thread and wait until it was done, microseconds. Texts are copied.
class Cluster {
 public:
  // @param channel outlives this object
  explicit Cluster(Channel &channel) : channel_(channel), kafka_(Kafka::get()) {}

  // @brief Keeps brokers from doing what crashes the process in librdkafka 2.12: asked to produce to or fetch from a
  // partition without leader, they name the leader in the answer, through a null pointer, from version 10 of Produce
  // and 12 of Fetch on (rdkafka_mock_handlers.c:231, 601). To be called before any client connects, since versions
  // are agreed upon then.
  rd_kafka_resp_err_t limit_versions();

  // @returns TOPIC_ALREADY_EXISTS
  rd_kafka_resp_err_t create_topic(const std::string &topic, int32_t partitions, int32_t replication_factor);
  // @brief The error that metadata has for the topic; a topic that is not there is made.
  rd_kafka_resp_err_t set_topic_error(const std::string &topic, rd_kafka_resp_err_t error);

  // @brief The next requests of that API, at whichever broker they arrive, fail with these, in this order.
  rd_kafka_resp_err_t push_errors(int16_t api, const std::vector<rd_kafka_resp_err_t> &errors);
  // @brief Forgets those that no request has taken yet.
  rd_kafka_resp_err_t clear_errors(int16_t api);
  // @brief As push_errors, at one broker, which from then on takes no errors of the whole cluster for that API.
  // Many are pushed in portions, each at once.
  rd_kafka_resp_err_t push_broker_errors(int32_t broker, int16_t api, const std::vector<BrokerFault> &faults);
  // @brief How many of a broker's own no request has taken yet.
  rd_kafka_resp_err_t pending_broker_errors(int32_t broker, int16_t api, size_t *count);

  // @param broker -1: all
  rd_kafka_resp_err_t set_broker_rtt(int32_t broker, int32_t rtt_ms);
  rd_kafka_resp_err_t set_broker_up(int32_t broker, bool up);

  // @param broker -1: none. A topic that is not there is made with so many partitions that this one exists.
  rd_kafka_resp_err_t set_leader(const std::string &topic, int32_t partition, int32_t broker);
  // @param type "transaction" or "group"
  rd_kafka_resp_err_t set_coordinator(const std::string &type, const std::string &key, int32_t broker);

 private:
  template <typename Use>
  rd_kafka_resp_err_t with(const void *function, Use use);

  Channel &channel_;
  const Kafka *kafka_;
};

// @brief Makes a handle, such as a producer's, meet a fatal error: it refuses what follows, and drops its queue.
// @locality any thread; holds the channel's gate
// @returns _PREV_IN_PROGRESS when it had met one before; _DESTROY, _NOT_IMPLEMENTED as above
rd_kafka_resp_err_t raise_fatal_error(Channel &channel, rd_kafka_resp_err_t error, const std::string &reason);

}  // namespace millrace
