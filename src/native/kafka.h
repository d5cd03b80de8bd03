// librdkafka's functions, out of the copy that node-rdkafka has loaded.
#pragma once

#include <string>

#include "rdkafka.h"
#include "rdkafka_mock.h"

namespace millrace {

#define MILLRACE_KAFKA_FUNCTIONS(X)                \
  X(rd_kafka_conf_interceptor_add_on_conf_set)     \
  X(rd_kafka_conf_interceptor_add_on_conf_destroy) \
  X(rd_kafka_conf_interceptor_add_on_new)          \
  X(rd_kafka_interceptor_add_on_acknowledgement)   \
  X(rd_kafka_interceptor_add_on_destroy)           \
  X(rd_kafka_interceptor_add_on_send)              \
  X(rd_kafka_conf_get)                             \
  X(rd_kafka_conf_set_dr_msg_cb)                   \
  X(rd_kafka_message_status)                       \
  X(rd_kafka_message_produce_errstr)               \
  X(rd_kafka_message_headers)                      \
  X(rd_kafka_message_timestamp)                    \
  X(rd_kafka_topic_name)                           \
  X(rd_kafka_topic_new)                            \
  X(rd_kafka_topic_destroy)                        \
  X(rd_kafka_produceva)                            \
  X(rd_kafka_produce)                              \
  X(rd_kafka_produce_batch)                        \
  X(rd_kafka_poll)                                 \
  X(rd_kafka_yield)                                \
  X(rd_kafka_get_err_descs)                        \
  X(rd_kafka_error_code)                           \
  X(rd_kafka_error_destroy)                        \
  X(rd_kafka_last_error)                           \
  X(rd_kafka_fatal_error)                          \
  X(rd_kafka_flush)                                \
  X(rd_kafka_purge)                                \
  X(rd_kafka_clusterid)                            \
  X(rd_kafka_mem_free)                             \
  X(rd_kafka_queue_new)                            \
  X(rd_kafka_queue_get_main)                       \
  X(rd_kafka_queue_cb_event_enable)                \
  X(rd_kafka_queue_destroy)                        \
  X(rd_kafka_queue_poll)                           \
  X(rd_kafka_event_destroy)                        \
  X(rd_kafka_event_error)                          \
  X(rd_kafka_event_error_string)                   \
  X(rd_kafka_event_DescribeConfigs_result)         \
  X(rd_kafka_DescribeConfigs)                      \
  X(rd_kafka_DescribeConfigs_result_resources)     \
  X(rd_kafka_event_DescribeTopics_result)          \
  X(rd_kafka_AdminOptions_new)                     \
  X(rd_kafka_AdminOptions_destroy)                 \
  X(rd_kafka_AdminOptions_set_request_timeout)     \
  X(rd_kafka_AdminOptions_set_broker)              \
  X(rd_kafka_ConfigResource_new)                   \
  X(rd_kafka_ConfigResource_destroy)               \
  X(rd_kafka_ConfigResource_name)                  \
  X(rd_kafka_ConfigResource_error)                 \
  X(rd_kafka_ConfigResource_error_string)          \
  X(rd_kafka_ConfigResource_configs)               \
  X(rd_kafka_ConfigEntry_name)                     \
  X(rd_kafka_ConfigEntry_value)                    \
  X(rd_kafka_TopicCollection_of_topic_names)       \
  X(rd_kafka_TopicCollection_destroy)              \
  X(rd_kafka_DescribeTopics)                       \
  X(rd_kafka_DescribeTopics_result_topics)         \
  X(rd_kafka_TopicDescription_error)               \
  X(rd_kafka_TopicDescription_name)                \
  X(rd_kafka_TopicDescription_topic_id)            \
  X(rd_kafka_Uuid_base64str)                       \
  X(rd_kafka_headers_new)                          \
  X(rd_kafka_headers_destroy)                      \
  X(rd_kafka_header_add)                           \
  X(rd_kafka_header_get_all)                       \
  X(rd_kafka_version)                              \
  X(rd_kafka_version_str)

// For who reads topics back (reader.h).
#define MILLRACE_KAFKA_READER_FUNCTIONS(X)           \
  X(rd_kafka_conf_new)                               \
  X(rd_kafka_conf_set)                               \
  X(rd_kafka_conf_destroy)                           \
  X(rd_kafka_conf_set_opaque)                        \
  X(rd_kafka_conf_set_log_cb)                        \
  X(rd_kafka_conf_set_error_cb)                      \
  X(rd_kafka_new)                                    \
  X(rd_kafka_destroy_flags)                          \
  X(rd_kafka_opaque)                                 \
  X(rd_kafka_metadata)                               \
  X(rd_kafka_metadata_destroy)                       \
  X(rd_kafka_consume_start_queue)                    \
  X(rd_kafka_consume_batch_queue)                    \
  X(rd_kafka_consume_stop)                           \
  X(rd_kafka_seek)                                   \
  X(rd_kafka_message_destroy)                        \
  X(rd_kafka_topic_partition_list_new)               \
  X(rd_kafka_topic_partition_list_add)               \
  X(rd_kafka_topic_partition_list_destroy)           \
  X(rd_kafka_AdminOptions_set_isolation_level)       \
  X(rd_kafka_ListOffsets)                            \
  X(rd_kafka_event_ListOffsets_result)               \
  X(rd_kafka_ListOffsets_result_infos)               \
  X(rd_kafka_ListOffsetsResultInfo_topic_partition)

// For tests only, and librdkafka promises nothing for them: a library without one of these still serves the engine.
#define MILLRACE_KAFKA_TEST_FUNCTIONS(X)          \
  X(rd_kafka_test_fatal_error)                    \
  X(rd_kafka_handle_mock_cluster)                 \
  X(rd_kafka_mock_topic_create)                   \
  X(rd_kafka_mock_topic_set_error)                \
  X(rd_kafka_mock_push_request_errors_array)      \
  X(rd_kafka_mock_clear_request_errors)           \
  X(rd_kafka_mock_broker_push_request_error_rtts) \
  X(rd_kafka_mock_broker_error_stack_cnt)         \
  X(rd_kafka_mock_broker_set_rtt)                 \
  X(rd_kafka_mock_broker_set_down)                \
  X(rd_kafka_mock_broker_set_up)                  \
  X(rd_kafka_mock_partition_set_leader)           \
  X(rd_kafka_mock_coordinator_set)                \
  X(rd_kafka_mock_set_apiversion)

// @brief MAJOR.MINOR.PATCH of what rd_kafka_version and RD_KAFKA_VERSION are. @locality any thread
std::string version_text(int version);

// A table instead of linking: npm builds dependencies in no order, so node-rdkafka's library may not be
// there yet when this addon is built; only its headers are.
struct Kafka {
#define MILLRACE_DECLARE(name) decltype(&::name) name;
  MILLRACE_KAFKA_FUNCTIONS(MILLRACE_DECLARE)
  MILLRACE_KAFKA_READER_FUNCTIONS(MILLRACE_DECLARE)
  MILLRACE_KAFKA_TEST_FUNCTIONS(MILLRACE_DECLARE)  // null where the library has none
#undef MILLRACE_DECLARE

  // @returns whether \p text is part of librdkafka itself, and so never goes away. @locality any thread
  bool is_literal(const char *text) const;

  // @brief The table; null while node-rdkafka has not been loaded, or where its librdkafka is older than the headers
  // that this was compiled with, of another major version, or lacks a function: \p why says which.
  // @locality any thread
  static const Kafka *get(std::string *why = nullptr);
};

}  // namespace millrace
