#include "cluster.h"

namespace stress {
namespace {

// Kafka's API keys
constexpr int16_t kProduce = 0;
constexpr int16_t kMetadata = 3;

}  // namespace

Cluster::Cluster(int brokers) : brokers_(brokers) {
  char text[512];
  rk_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof(text));
  if (rk_ == nullptr) fail(text);
  mock_ = rd_kafka_mock_cluster_new(rk_, brokers);
  if (mock_ == nullptr) fail("the mock cluster did not start");
  // from version 10 on the mock's answer names the partition's leader, and it crashes where there is none
  rd_kafka_mock_set_apiversion(mock_, kProduce, 0, 9);
  for (int i = 0; i < kTopics; i++) rd_kafka_mock_topic_create(mock_, topic(i).c_str(), kPartitions, 1);
}

Cluster::~Cluster() {
  rd_kafka_mock_cluster_destroy(mock_);
  rd_kafka_destroy(rk_);
}

void Cluster::disturb(Chance &chance) {
  static const rd_kafka_resp_err_t produce_errors[] = {
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_INVALID_RECORD,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT};
  const int32_t broker = 1 + static_cast<int32_t>(chance.number(brokers_));
  const std::string name = topic(chance.number(kTopics));
  const int32_t partition = static_cast<int32_t>(chance.number(kPartitions));
  switch (chance.number(8)) {
    case 0: {
      rd_kafka_resp_err_t errors[4];
      for (rd_kafka_resp_err_t &error : errors) error = produce_errors[chance.number(std::size(produce_errors))];
      rd_kafka_mock_push_request_errors_array(mock_, kProduce, 1 + chance.number(4), errors);
      return;
    }
    case 1:
      rd_kafka_mock_broker_set_down(mock_, broker);
      return;
    case 2:
    case 3:
      rd_kafka_mock_broker_set_up(mock_, broker);
      return;
    case 4:
      rd_kafka_mock_broker_set_rtt(mock_, broker, chance.number(4) * chance.number(80));
      return;
    case 5:
      // -1: no leader
      rd_kafka_mock_partition_set_leader(mock_, name.c_str(), partition, chance.one_in(2) ? -1 : broker);
      return;
    case 6:
      rd_kafka_mock_topic_set_error(mock_, name.c_str(),
                                    chance.one_in(3) ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR_NO_ERROR);
      return;
    default:
      rd_kafka_mock_push_request_errors(mock_, kMetadata, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
  }
}

void Cluster::heal() {
  rd_kafka_mock_clear_request_errors(mock_, kProduce);
  rd_kafka_mock_clear_request_errors(mock_, kMetadata);
  for (int32_t broker = 1; broker <= brokers_; broker++) {
    rd_kafka_mock_broker_set_rtt(mock_, broker, 0);
    rd_kafka_mock_broker_set_up(mock_, broker);
  }
  for (int i = 0; i < kTopics; i++) {
    rd_kafka_mock_topic_set_error(mock_, topic(i).c_str(), RD_KAFKA_RESP_ERR_NO_ERROR);
    for (int32_t partition = 0; partition < kPartitions; partition++)
      rd_kafka_mock_partition_set_leader(mock_, topic(i).c_str(), partition, 1 + partition % brokers_);
  }
}

Faults::Faults(Cluster *cluster, uint64_t seed) : cluster_(cluster) {
  thread_ = std::thread([this, seed] {
    Chance chance(seed, 777);
    while (!ended_.load()) {
      cluster_->disturb(chance);
      std::this_thread::sleep_for(std::chrono::milliseconds(1 + chance.number(30)));
    }
  });
}

Faults::~Faults() {
  ended_.store(true);
  thread_.join();
  cluster_->heal();
}

}  // namespace stress
