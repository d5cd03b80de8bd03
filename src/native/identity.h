// By what a cluster and its topics are known again.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "admin_request.h"
#include "channel.h"

namespace millrace {

// Name and id; those without an id are missing: of brokers before 2.8, and such as may not be seen.
using TopicIds = std::vector<std::pair<std::string, std::string>>;

struct Identity {
  std::string cluster;  // empty: it did not tell
  TopicIds topics;
};

// @returns what a client was told with its metadata, waiting for it at most \p timeout_ms; empty: nothing
// @locality any thread
std::string cluster_id(const Kafka *kafka, rd_kafka_t *rk, int timeout_ms);
// @brief Sends a request made for DESCRIBETOPICS. @locality any thread
void ask_topic_ids(const Kafka *kafka, rd_kafka_t *rk, const std::vector<std::string> &topics,
                   const AdminRequest &request);
// @param event its answer; stays the request's. @locality any thread
TopicIds read_topic_ids(const Kafka *kafka, rd_kafka_event_t *event);

// @brief All of that, through a producer's own handle. Waits for the answer of that broker, at most \p timeout_ms and a
// second; leaves within a slice of 50 ms when the channel is being closed. What was not told by then is missing.
// @locality any thread but JavaScript's; no lock. The answer is the caller's.
Identity identify(Channel &channel, int32_t broker, const std::vector<std::string> &topics, int timeout_ms);

}  // namespace millrace
