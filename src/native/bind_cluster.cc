// The thin layer of the embedded cluster to JavaScript. All functions run on JavaScript's thread; each begins with the
// number of the channel whose handle is meant, and returns librdkafka's error as a number (see cluster.h). Names are
// turned into numbers in JavaScript, where they are checked; here only types are.

#include "bind.h"

#include "cluster.h"
#include "environment.h"

namespace millrace {
namespace {

// What a function was called with: 't' text, 'n' number, 'a' Int32Array, after the channel's number.
bool called_with(const Napi::CallbackInfo &info, const char *types) {
  if (info.Length() < 1 || !info[0].IsNumber()) return false;
  for (size_t i = 0; types[i] != '\0'; i++) {
    if (info.Length() < i + 2) return false;
    const Napi::Value value = info[i + 1];
    const bool fits = types[i] == 't'   ? value.IsString()
                      : types[i] == 'n' ? value.IsNumber()
                                        : value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_int32_array;
    if (!fits) return false;
  }
  return true;
}

std::string text(const Napi::CallbackInfo &info, size_t at) { return info[at].As<Napi::String>().Utf8Value(); }
int32_t number(const Napi::CallbackInfo &info, size_t at) { return info[at].As<Napi::Number>().Int32Value(); }
int16_t api(const Napi::CallbackInfo &info, size_t at) { return static_cast<int16_t>(number(info, at)); }
rd_kafka_resp_err_t error(int32_t code) { return static_cast<rd_kafka_resp_err_t>(code); }

// @param use gets the channel, which it may use until it returns; called only where the number names one
template <typename Use>
Napi::Value with_channel(const Napi::CallbackInfo &info, Use use) {
  Attachment *at = Environment::find(info);
  return Napi::Number::New(info.Env(), at == nullptr ? RD_KAFKA_RESP_ERR__DESTROY : use(*at->channel));
}

// limitVersions(number)
Napi::Value LimitVersions(const Napi::CallbackInfo &info) {
  if (!called_with(info, "")) return fail(info.Env(), "limitVersions(number)");
  return with_channel(info, [&](Channel &channel) { return Cluster(channel).limit_versions(); });
}

// createTopic(number, topic, partitions, replicationFactor)
Napi::Value CreateTopic(const Napi::CallbackInfo &info) {
  if (!called_with(info, "tnn")) return fail(info.Env(), "createTopic(number, topic, partitions, replicationFactor)");
  return with_channel(info, [&](Channel &channel) {
    return Cluster(channel).create_topic(text(info, 1), number(info, 2), number(info, 3));
  });
}

// setTopicError(number, topic, error)
Napi::Value SetTopicError(const Napi::CallbackInfo &info) {
  if (!called_with(info, "tn")) return fail(info.Env(), "setTopicError(number, topic, error)");
  return with_channel(
      info, [&](Channel &channel) { return Cluster(channel).set_topic_error(text(info, 1), error(number(info, 2))); });
}

// pushErrors(number, api, errors)
Napi::Value PushErrors(const Napi::CallbackInfo &info) {
  if (!called_with(info, "na")) return fail(info.Env(), "pushErrors(number, api, errors)");
  const auto codes = info[2].As<Napi::Int32Array>();
  std::vector<rd_kafka_resp_err_t> errors;
  for (size_t i = 0; i < codes.ElementLength(); i++) errors.push_back(error(codes[i]));
  return with_channel(info, [&](Channel &channel) { return Cluster(channel).push_errors(api(info, 1), errors); });
}

// clearErrors(number, api)
Napi::Value ClearErrors(const Napi::CallbackInfo &info) {
  if (!called_with(info, "n")) return fail(info.Env(), "clearErrors(number, api)");
  return with_channel(info, [&](Channel &channel) { return Cluster(channel).clear_errors(api(info, 1)); });
}

// pushBrokerErrors(number, broker, api, faults): pairs of error and round trip time in ms
Napi::Value PushBrokerErrors(const Napi::CallbackInfo &info) {
  if (!called_with(info, "nna")) return fail(info.Env(), "pushBrokerErrors(number, broker, api, faults)");
  const auto pairs = info[3].As<Napi::Int32Array>();
  std::vector<BrokerFault> faults;
  for (size_t i = 0; i + 1 < pairs.ElementLength(); i += 2) faults.push_back({error(pairs[i]), pairs[i + 1]});
  return with_channel(info, [&](Channel &channel) {
    return Cluster(channel).push_broker_errors(number(info, 1), api(info, 2), faults);
  });
}

// pendingBrokerErrors(number, broker, api): how many, from 0; librdkafka's error where that is negative
Napi::Value PendingBrokerErrors(const Napi::CallbackInfo &info) {
  if (!called_with(info, "nn")) return fail(info.Env(), "pendingBrokerErrors(number, broker, api)");
  return with_channel(info, [&](Channel &channel) -> int32_t {
    size_t count = 0;
    const rd_kafka_resp_err_t err = Cluster(channel).pending_broker_errors(number(info, 1), api(info, 2), &count);
    return err == RD_KAFKA_RESP_ERR_NO_ERROR ? static_cast<int32_t>(count) : err;
  });
}

// setBrokerRtt(number, broker, ms)
Napi::Value SetBrokerRtt(const Napi::CallbackInfo &info) {
  if (!called_with(info, "nn")) return fail(info.Env(), "setBrokerRtt(number, broker, ms)");
  return with_channel(info,
                      [&](Channel &channel) { return Cluster(channel).set_broker_rtt(number(info, 1), number(info, 2)); });
}

// setBrokerUp(number, broker, 1 | 0)
Napi::Value SetBrokerUp(const Napi::CallbackInfo &info) {
  if (!called_with(info, "nn")) return fail(info.Env(), "setBrokerUp(number, broker, up)");
  return with_channel(
      info, [&](Channel &channel) { return Cluster(channel).set_broker_up(number(info, 1), number(info, 2) != 0); });
}

// setLeader(number, topic, partition, broker)
Napi::Value SetLeader(const Napi::CallbackInfo &info) {
  if (!called_with(info, "tnn")) return fail(info.Env(), "setLeader(number, topic, partition, broker)");
  return with_channel(info, [&](Channel &channel) {
    return Cluster(channel).set_leader(text(info, 1), number(info, 2), number(info, 3));
  });
}

// setCoordinator(number, type, key, broker)
Napi::Value SetCoordinator(const Napi::CallbackInfo &info) {
  if (!called_with(info, "ttn")) return fail(info.Env(), "setCoordinator(number, type, key, broker)");
  return with_channel(info, [&](Channel &channel) {
    return Cluster(channel).set_coordinator(text(info, 1), text(info, 2), number(info, 3));
  });
}

// raiseFatalError(number, error, reason): of a producer's handle
Napi::Value RaiseFatalError(const Napi::CallbackInfo &info) {
  if (!called_with(info, "nt")) return fail(info.Env(), "raiseFatalError(number, error, reason)");
  return with_channel(
      info, [&](Channel &channel) { return raise_fatal_error(channel, error(number(info, 1)), text(info, 2)); });
}

}  // namespace

void bind_cluster(Napi::Env env, Napi::Object exports) {
  const std::pair<const char *, Napi::Value (*)(const Napi::CallbackInfo &)> functions[] = {
      {"limitVersions", LimitVersions},
      {"createTopic", CreateTopic},
      {"setTopicError", SetTopicError},
      {"pushErrors", PushErrors},
      {"clearErrors", ClearErrors},
      {"pushBrokerErrors", PushBrokerErrors},
      {"pendingBrokerErrors", PendingBrokerErrors},
      {"setBrokerRtt", SetBrokerRtt},
      {"setBrokerUp", SetBrokerUp},
      {"setLeader", SetLeader},
      {"setCoordinator", SetCoordinator},
      {"raiseFatalError", RaiseFatalError},
  };
  auto cluster = Napi::Object::New(env);
  for (const auto &[name, function] : functions) cluster.Set(name, Napi::Function::New(env, function, name));
  exports.Set("cluster", cluster);
}

}  // namespace millrace
