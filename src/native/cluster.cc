#include "cluster.h"

#include <algorithm>

namespace millrace {

// @param function what \p use is going to call; null where the library has none
template <typename Use>
rd_kafka_resp_err_t Cluster::with(const void *function, Use use) {
  if (function == nullptr || kafka_->rd_kafka_handle_mock_cluster == nullptr) return RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED;
  rd_kafka_resp_err_t result = RD_KAFKA_RESP_ERR__NOT_CONFIGURED;
  const bool open = channel_.with_handle([&](rd_kafka_t *rk) {
    rd_kafka_mock_cluster_t *cluster = kafka_->rd_kafka_handle_mock_cluster(rk);
    if (cluster != nullptr) result = use(cluster);
  });
  return open ? result : RD_KAFKA_RESP_ERR__DESTROY;
}

namespace {

template <typename Function>
const void *pointer(Function *function) {
  return reinterpret_cast<const void *>(function);
}

}  // namespace

rd_kafka_resp_err_t Cluster::limit_versions() {
  constexpr int16_t kProduce = 0, kProduceBefore = 9, kFetch = 1, kFetchBefore = 11;
  return with(pointer(kafka_->rd_kafka_mock_set_apiversion), [&](rd_kafka_mock_cluster_t *cluster) {
    const rd_kafka_resp_err_t err = kafka_->rd_kafka_mock_set_apiversion(cluster, kProduce, 0, kProduceBefore);
    return err != RD_KAFKA_RESP_ERR_NO_ERROR ? err : kafka_->rd_kafka_mock_set_apiversion(cluster, kFetch, 0, kFetchBefore);
  });
}

rd_kafka_resp_err_t Cluster::create_topic(const std::string &topic, int32_t partitions, int32_t replication_factor) {
  return with(pointer(kafka_->rd_kafka_mock_topic_create), [&](rd_kafka_mock_cluster_t *cluster) {
    return kafka_->rd_kafka_mock_topic_create(cluster, topic.c_str(), partitions, replication_factor);
  });
}

rd_kafka_resp_err_t Cluster::set_topic_error(const std::string &topic, rd_kafka_resp_err_t error) {
  return with(pointer(kafka_->rd_kafka_mock_topic_set_error), [&](rd_kafka_mock_cluster_t *cluster) {
    kafka_->rd_kafka_mock_topic_set_error(cluster, topic.c_str(), error);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  });
}

rd_kafka_resp_err_t Cluster::push_errors(int16_t api, const std::vector<rd_kafka_resp_err_t> &errors) {
  return with(pointer(kafka_->rd_kafka_mock_push_request_errors_array), [&](rd_kafka_mock_cluster_t *cluster) {
    kafka_->rd_kafka_mock_push_request_errors_array(cluster, api, errors.size(), errors.data());
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  });
}

rd_kafka_resp_err_t Cluster::clear_errors(int16_t api) {
  return with(pointer(kafka_->rd_kafka_mock_clear_request_errors), [&](rd_kafka_mock_cluster_t *cluster) {
    kafka_->rd_kafka_mock_clear_request_errors(cluster, api);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  });
}

rd_kafka_resp_err_t Cluster::push_broker_errors(int32_t broker, int16_t api, const std::vector<BrokerFault> &faults) {
  return with(pointer(kafka_->rd_kafka_mock_broker_push_request_error_rtts), [&](rd_kafka_mock_cluster_t *cluster) {
    // librdkafka takes them as variable arguments only, so many pairs as the count says: those beyond are not read
    constexpr size_t kPortion = 8;
    for (size_t done = 0; done < faults.size(); done += kPortion) {
      const size_t count = std::min(kPortion, faults.size() - done);
      BrokerFault f[kPortion] = {};
      std::copy_n(faults.begin() + static_cast<std::ptrdiff_t>(done), count, f);
      const rd_kafka_resp_err_t err = kafka_->rd_kafka_mock_broker_push_request_error_rtts(
          cluster, broker, api, count, f[0].error, f[0].rtt_ms, f[1].error, f[1].rtt_ms, f[2].error, f[2].rtt_ms,
          f[3].error, f[3].rtt_ms, f[4].error, f[4].rtt_ms, f[5].error, f[5].rtt_ms, f[6].error, f[6].rtt_ms,
          f[7].error, f[7].rtt_ms);
      if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return err;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  });
}

rd_kafka_resp_err_t Cluster::pending_broker_errors(int32_t broker, int16_t api, size_t *count) {
  *count = 0;  // librdkafka leaves it as it is where there never were any
  return with(pointer(kafka_->rd_kafka_mock_broker_error_stack_cnt), [&](rd_kafka_mock_cluster_t *cluster) {
    return kafka_->rd_kafka_mock_broker_error_stack_cnt(cluster, broker, api, count);
  });
}

rd_kafka_resp_err_t Cluster::set_broker_rtt(int32_t broker, int32_t rtt_ms) {
  return with(pointer(kafka_->rd_kafka_mock_broker_set_rtt), [&](rd_kafka_mock_cluster_t *cluster) {
    return kafka_->rd_kafka_mock_broker_set_rtt(cluster, broker, rtt_ms);
  });
}

rd_kafka_resp_err_t Cluster::set_broker_up(int32_t broker, bool up) {
  const auto set = up ? kafka_->rd_kafka_mock_broker_set_up : kafka_->rd_kafka_mock_broker_set_down;
  return with(pointer(set), [&](rd_kafka_mock_cluster_t *cluster) { return set(cluster, broker); });
}

rd_kafka_resp_err_t Cluster::set_leader(const std::string &topic, int32_t partition, int32_t broker) {
  return with(pointer(kafka_->rd_kafka_mock_partition_set_leader), [&](rd_kafka_mock_cluster_t *cluster) {
    return kafka_->rd_kafka_mock_partition_set_leader(cluster, topic.c_str(), partition, broker);
  });
}

rd_kafka_resp_err_t Cluster::set_coordinator(const std::string &type, const std::string &key, int32_t broker) {
  return with(pointer(kafka_->rd_kafka_mock_coordinator_set), [&](rd_kafka_mock_cluster_t *cluster) {
    return kafka_->rd_kafka_mock_coordinator_set(cluster, type.c_str(), key.c_str(), broker);
  });
}

rd_kafka_resp_err_t raise_fatal_error(Channel &channel, rd_kafka_resp_err_t error, const std::string &reason) {
  const Kafka *kafka = Kafka::get();
  if (kafka->rd_kafka_test_fatal_error == nullptr) return RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED;
  rd_kafka_resp_err_t result = RD_KAFKA_RESP_ERR_NO_ERROR;
  const bool open =
      channel.with_handle([&](rd_kafka_t *rk) { result = kafka->rd_kafka_test_fatal_error(rk, error, reason.c_str()); });
  return open ? result : RD_KAFKA_RESP_ERR__DESTROY;
}

}  // namespace millrace
