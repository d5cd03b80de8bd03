#include "message.h"

#include <cstring>

namespace millrace {
namespace {

// Headers as JavaScript wrote them: for each, the sizes of name and value (-1: null) as little-endian int32,
// then both. Sizes were checked against the whole by who wrote them; a torn record ends the list.
rd_kafka_headers_t *decode_headers(const Kafka *kafka, const uint8_t *at, size_t size) {
  rd_kafka_headers_t *headers = kafka->rd_kafka_headers_new(8);
  const uint8_t *end = at + size;
  while (end - at >= 8) {
    int32_t name_size;
    int32_t value_size;
    std::memcpy(&name_size, at, 4);
    std::memcpy(&value_size, at + 4, 4);
    at += 8;
    const int64_t stored = value_size < 0 ? 0 : value_size;
    if (name_size < 0 || end - at < static_cast<int64_t>(name_size) + stored) break;
    const char *name = reinterpret_cast<const char *>(at);
    // librdkafka takes a null value as null, and any pointer as bytes, if only of length 0
    const void *value = value_size < 0 ? nullptr : static_cast<const void *>(at + name_size);
    kafka->rd_kafka_header_add(headers, name, name_size, value, value_size < 0 ? 0 : value_size);
    at += name_size + stored;
  }
  return headers;
}

std::string encode_headers(const Kafka *kafka, const rd_kafka_headers_t *headers) {
  std::string encoded;
  const char *name;
  const void *value;
  size_t value_size;
  for (size_t i = 0; kafka->rd_kafka_header_get_all(headers, i, &name, &value, &value_size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       i++) {
    const int32_t sizes[2] = {static_cast<int32_t>(std::strlen(name)),
                              value == nullptr ? -1 : static_cast<int32_t>(value_size)};
    encoded.append(reinterpret_cast<const char *>(sizes), sizeof(sizes));
    encoded.append(name, sizes[0]);
    if (value != nullptr) encoded.append(static_cast<const char *>(value), value_size);
  }
  return encoded;
}

}  // namespace

size_t Run::produce(rd_kafka_topic_t *topic, Scout *scout) {
  const int flags = borrow_ ? 0 : RD_KAFKA_MSG_F_COPY;
  const bool chosen = partition_ < 0;
  if (scout != nullptr && chosen && !keys_) return scout->produce(topic, flags, messages_.data(), size_);
  const int taken = Kafka::get()->rd_kafka_produce_batch(topic, chosen ? RD_KAFKA_PARTITION_UA : partition_, flags,
                                                         messages_.data(), static_cast<int>(size_));
  return static_cast<size_t>(taken);
}

int16_t produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, const Outgoing &message, void *opaque) {
  const Kafka *kafka = Kafka::get();
  const int flags = message.borrow ? 0 : RD_KAFKA_MSG_F_COPY;
  if (message.timestamp == 0 && message.headers_size == 0) {
    const int failed =
        kafka->rd_kafka_produce(topic, message.partition, flags, const_cast<void *>(message.value), message.value_size,
                                message.key, message.key_size, opaque);
    return failed == 0 ? 0 : static_cast<int16_t>(kafka->rd_kafka_last_error());
  }
  rd_kafka_vu_t arguments[8];
  size_t count = 0;
  const auto add = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t & {
    arguments[count].vtype = type;
    return arguments[count++];
  };
  add(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
  add(RD_KAFKA_VTYPE_PARTITION).u.i32 = message.partition;
  add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = flags;
  add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = message.timestamp;
  add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = opaque;
  rd_kafka_vu_t &value = add(RD_KAFKA_VTYPE_VALUE);
  value.u.mem.ptr = const_cast<void *>(message.value);
  value.u.mem.size = message.value_size;
  rd_kafka_vu_t &key = add(RD_KAFKA_VTYPE_KEY);
  key.u.mem.ptr = const_cast<void *>(message.key);
  key.u.mem.size = message.key_size;
  rd_kafka_headers_t *headers = nullptr;
  if (message.headers_size > 0) {
    headers = decode_headers(kafka, message.headers, message.headers_size);
    add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers;
  }
  rd_kafka_error_t *error = kafka->rd_kafka_produceva(rk, arguments, count);
  if (error == nullptr) return 0;  // librdkafka owns the headers now
  const int16_t code = static_cast<int16_t>(kafka->rd_kafka_error_code(error));
  kafka->rd_kafka_error_destroy(error);
  if (headers != nullptr) kafka->rd_kafka_headers_destroy(headers);
  return code;
}

Unsent *copy_of(const rd_kafka_message_t *message, bool pinned) {
  const Kafka *kafka = Kafka::get();
  auto *unsent = new Unsent();
  unsent->topic = kafka->rd_kafka_topic_name(message->rkt);
  if (pinned) unsent->partition = message->partition;
  if (message->key != nullptr) {
    unsent->has_key = true;
    unsent->key.assign(static_cast<const char *>(message->key), message->key_len);
  }
  if (message->payload != nullptr) {
    unsent->has_value = true;
    unsent->value.assign(static_cast<const char *>(message->payload), message->len);
  }
  rd_kafka_timestamp_type_t type;
  unsent->timestamp = kafka->rd_kafka_message_timestamp(message, &type);
  rd_kafka_headers_t *headers = nullptr;
  if (kafka->rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR && headers != nullptr)
    unsent->headers = encode_headers(kafka, headers);
  return unsent;
}

}  // namespace millrace
