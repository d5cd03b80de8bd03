// What a cluster says of its topics' configuration.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "admin_request.h"
#include "channel.h"

namespace millrace {

struct TopicConfigs {
  std::string topic;
  rd_kafka_resp_err_t error;  // of this topic alone, such as UNKNOWN_TOPIC_OR_PART, TOPIC_AUTHORIZATION_FAILED
  std::string reason;         // librdkafka's text of it
  std::vector<std::pair<std::string, std::string>> entries;  // effective ones, defaults included; without secret ones
};

struct ConfigsAnswer {
  // of the request: _DESTROY when the handle is closed or was meanwhile, _TIMED_OUT, _UNSUPPORTED_FEATURE, …
  rd_kafka_resp_err_t error;
  std::string reason;
  std::vector<TopicConfigs> topics;
};

// @brief Sends a request made for DESCRIBECONFIGS. @locality any thread
void ask_configs(const Kafka *kafka, rd_kafka_t *rk, const std::vector<std::string> &topics, const AdminRequest &request);
// @param event its answer; stays the request's. @locality any thread
ConfigsAnswer read_configs(const Kafka *kafka, rd_kafka_event_t *event);

// @brief Both, through a producer's own handle. Waits for the answer of that broker, at most \p timeout_ms and a second;
// leaves within a slice of 50 ms when the channel is being closed.
// @locality any thread but JavaScript's; no lock. The answer is the caller's.
ConfigsAnswer describe_topic_configs(Channel &channel, int32_t broker, const std::vector<std::string> &topics,
                                     int timeout_ms);

}  // namespace millrace
