// librdkafka's mock brokers, and everything that goes wrong with them.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "rdkafka.h"
#include "rdkafka_mock.h"
#include "support.h"

namespace stress {

class Cluster {
 public:
  explicit Cluster(int brokers);
  ~Cluster();
  Cluster(const Cluster &) = delete;

  const char *bootstraps() const { return rd_kafka_mock_cluster_bootstraps(mock_); }

  // @brief One thing more goes wrong, or is right again.
  void disturb(Chance &chance);
  // @brief All is well.
  void heal();

  static constexpr int kTopics = 3;
  static constexpr int kPartitions = 4;
  static std::string topic(int number) { return "t" + std::to_string(number); }

 private:
  const int brokers_;
  rd_kafka_t *rk_;
  rd_kafka_mock_cluster_t *mock_;
};

// Disturbs a cluster until it goes out of scope, and heals it then.
class Faults {
 public:
  Faults(Cluster *cluster, uint64_t seed);
  ~Faults();

 private:
  Cluster *const cluster_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace stress
