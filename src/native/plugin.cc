// The addon's other face: a plugin of librdkafka, loaded into node-rdkafka's own client by plugin.library.paths.
//
// A conf is duplicated before a handle is made of it, which runs conf_init again and then replays the properties
// that on_conf_set took. So: register here only, one state for each conf, freed with its conf.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "ceiling.h"
#include "channel.h"
#include "scout.h"

namespace millrace {
namespace {

constexpr const char *kName = "millrace";
constexpr const char *kTokenProperty = "millrace.token";
constexpr const char *kCeilingProperty = "millrace.ceiling";
constexpr const char *kScoutProperty = "millrace.scout";

// Lives as long as its conf. The conf of a handle lives as long as the handle, so the channel is there for every
// acknowledgement; so are the payloads of a ceiling.
struct ConfState {
  uint64_t ceiling_token = 0;
  bool ceiling_scouts = false;
  std::shared_ptr<Channel> channel;
  std::shared_ptr<Ceiling> ceiling;
};

// @locality librdkafka's broker and main threads, or the caller of produce, purge or destroy; perhaps with
// librdkafka's locks held: calls nothing of librdkafka. Never fails.
rd_kafka_resp_err_t on_acknowledgement(rd_kafka_t *, rd_kafka_message_t *message, void *opaque) {
  static_cast<ConfState *>(opaque)->channel->time(message);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// @locality who polls: see Crossing::reap
void on_delivery_report(rd_kafka_t *, const rd_kafka_message_t *message, void *) { Channel::settle(message); }

// @locality the thread that destroys the handle, before librdkafka's threads have ended
rd_kafka_resp_err_t on_destroy(rd_kafka_t *, void *opaque) {
  static_cast<ConfState *>(opaque)->channel->detach();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// @locality the thread that destroys the handle, before librdkafka's threads have ended
rd_kafka_resp_err_t on_destroy_ceiling(rd_kafka_t *, void *opaque) {
  static_cast<ConfState *>(opaque)->ceiling->detach();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// @brief A handle for the ceiling has no interceptor where its messages end. @locality as on_new
rd_kafka_resp_err_t new_ceiling(rd_kafka_t *rk, rd_kafka_conf_t *conf, ConfState *state, char *errstr,
                                size_t errstr_size) {
  state->ceiling = Ceilings::find(state->ceiling_token);
  if (state->ceiling == nullptr) {
    snprintf(errstr, errstr_size, "millrace: no ceiling waits for this client");
    return RD_KAFKA_RESP_ERR__STATE;
  }
  const Kafka *kafka = Kafka::get();
  const bool scouts = state->ceiling_scouts && Scout::serves(conf);
  rd_kafka_resp_err_t err = kafka->rd_kafka_interceptor_add_on_destroy(rk, kName, on_destroy_ceiling, state);
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR && scouts)
    err = kafka->rd_kafka_interceptor_add_on_send(rk, kName, Scout::on_send, nullptr);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    snprintf(errstr, errstr_size, "millrace: librdkafka refused the interceptor");
    return err;
  }
  state->ceiling->attach(rk, conf, scouts);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// @locality the thread that makes the handle
rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *errstr,
                           size_t errstr_size) {
  auto *state = static_cast<ConfState *>(opaque);
  if (state->ceiling_token != 0) return new_ceiling(rk, const_cast<rd_kafka_conf_t *>(conf), state, errstr, errstr_size);
  const Kafka *kafka = Kafka::get();
  if (state->channel == nullptr) {
    snprintf(errstr, errstr_size, "millrace: the client was not given %s", kTokenProperty);
    return RD_KAFKA_RESP_ERR__STATE;
  }
  const bool scouts = Scout::serves(conf);
  // librdkafka makes the handle all the same: without interceptors that would take its opaques for ours
  if (!state->channel->attach(rk, scouts)) {
    snprintf(errstr, errstr_size, "millrace: another client has the token of this one");
    return RD_KAFKA_RESP_ERR__CONFLICT;
  }
  rd_kafka_resp_err_t err = kafka->rd_kafka_interceptor_add_on_destroy(rk, kName, on_destroy, state);
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR && state->channel->times())
    err = kafka->rd_kafka_interceptor_add_on_acknowledgement(rk, kName, on_acknowledgement, state);
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR && scouts)
    err = kafka->rd_kafka_interceptor_add_on_send(rk, kName, Scout::on_send, nullptr);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    snprintf(errstr, errstr_size, "millrace: librdkafka refused the interceptor");
    state->channel->detach();
    return err;
  }
  // node-rdkafka always registers a delivery callback, which would take our opaques for its own. With one of ours
  // librdkafka keeps a message that has ended until somebody polls, and frees it there. The handle has not read its conf
  // yet.
  kafka->rd_kafka_conf_set_dr_msg_cb(const_cast<rd_kafka_conf_t *>(conf), on_delivery_report);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// An unknown token is refused here, since librdkafka only logs what on_new returns. @locality the thread that sets
// properties, or that makes the handle, as each copy of the conf is set anew
rd_kafka_conf_res_t on_conf_set(rd_kafka_conf_t *, const char *name, const char *value, char *errstr,
                                size_t errstr_size, void *opaque) {
  auto *state = static_cast<ConfState *>(opaque);
  const char *text = value == nullptr ? "" : value;
  if (strcmp(name, kCeilingProperty) == 0) {
    state->ceiling_token = strtoull(text, nullptr, 10);
    return RD_KAFKA_CONF_OK;
  }
  if (strcmp(name, kScoutProperty) == 0) {
    state->ceiling_scouts = strcmp(text, "true") == 0;
    return RD_KAFKA_CONF_OK;
  }
  if (strcmp(name, kTokenProperty) != 0) return RD_KAFKA_CONF_UNKNOWN;
  state->channel = Registry::find(text);
  if (state->channel != nullptr) return RD_KAFKA_CONF_OK;
  snprintf(errstr, errstr_size, "millrace: no producer of this copy of the addon waits for this client");
  return RD_KAFKA_CONF_INVALID;
}

rd_kafka_resp_err_t on_conf_destroy(void *opaque) {
  delete static_cast<ConfState *>(opaque);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace
}  // namespace millrace

extern "C" __attribute__((visibility("default"))) rd_kafka_resp_err_t conf_init(rd_kafka_conf_t *conf, void **,
                                                                                char *errstr, size_t errstr_size) {
  std::string why;
  const millrace::Kafka *kafka = millrace::Kafka::get(&why);
  if (kafka == nullptr) {
    snprintf(errstr, errstr_size, "millrace: %s", why.c_str());
    return RD_KAFKA_RESP_ERR__FAIL;
  }
  auto *state = new millrace::ConfState();
  rd_kafka_resp_err_t err = kafka->rd_kafka_conf_interceptor_add_on_conf_set(conf, millrace::kName, millrace::on_conf_set, state);
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
    err = kafka->rd_kafka_conf_interceptor_add_on_new(conf, millrace::kName, millrace::on_new, state);
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
    err = kafka->rd_kafka_conf_interceptor_add_on_conf_destroy(conf, millrace::kName, millrace::on_conf_destroy, state);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) snprintf(errstr, errstr_size, "millrace: librdkafka refused the interceptors");
  return err;
}
