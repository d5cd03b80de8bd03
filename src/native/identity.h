// By what a cluster and its topics are known again, asked through a producer's own handle.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "channel.h"

namespace millrace {

struct Identity {
  std::string cluster;                                      // empty: it did not tell
  std::vector<std::pair<std::string, std::string>> topics;  // name and id; those without an id are missing
};

// @brief The id of the cluster, and those of topics. Waits for the cluster's answer, at most \p timeout_ms; leaves within
// a slice of 50 ms when the channel is being closed. What was not told by then is missing.
// @param broker an id out of metadata. Each broker knows; librdkafka's own choice, the controller, may be one that clients
// cannot reach, or be missing: it would be waited for until the time is up
// @locality any thread but JavaScript's; no lock. The answer is the caller's.
Identity identify(Channel &channel, int32_t broker, const std::vector<std::string> &topics, int timeout_ms);

}  // namespace millrace
