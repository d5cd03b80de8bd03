// librdkafka's functions, out of the copy that node-rdkafka has loaded.
#pragma once

#include <string>

#include "rdkafka.h"

namespace millrace {

#define MILLRACE_KAFKA_FUNCTIONS(X)                \
  X(rd_kafka_conf_interceptor_add_on_conf_set)     \
  X(rd_kafka_conf_interceptor_add_on_conf_destroy) \
  X(rd_kafka_conf_interceptor_add_on_new)          \
  X(rd_kafka_interceptor_add_on_acknowledgement)   \
  X(rd_kafka_interceptor_add_on_destroy)           \
  X(rd_kafka_conf_set_dr_msg_cb)                   \
  X(rd_kafka_message_status)                       \
  X(rd_kafka_topic_new)                            \
  X(rd_kafka_topic_destroy)                        \
  X(rd_kafka_produceva)                            \
  X(rd_kafka_produce)                              \
  X(rd_kafka_error_code)                           \
  X(rd_kafka_error_destroy)                        \
  X(rd_kafka_last_error)                           \
  X(rd_kafka_purge)                                \
  X(rd_kafka_headers_new)                          \
  X(rd_kafka_headers_destroy)                      \
  X(rd_kafka_header_add)                           \
  X(rd_kafka_version)                              \
  X(rd_kafka_version_str)

// @brief MAJOR.MINOR.PATCH of what rd_kafka_version and RD_KAFKA_VERSION are. @locality any thread
std::string version_text(int version);

// A table instead of linking: npm builds dependencies in no order, so node-rdkafka's library may not be
// there yet when this addon is built; only its headers are.
struct Kafka {
#define MILLRACE_DECLARE(name) decltype(&::name) name;
  MILLRACE_KAFKA_FUNCTIONS(MILLRACE_DECLARE)
#undef MILLRACE_DECLARE

  // @brief The table; null while node-rdkafka has not been loaded, or where its librdkafka is older than the headers
  // that this was compiled with, of another major version, or lacks a function: \p why says which.
  // @locality any thread
  static const Kafka *get(std::string *why = nullptr);
};

}  // namespace millrace
