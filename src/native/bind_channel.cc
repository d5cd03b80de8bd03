// Channels and their lanes: open, attach, counts, flush, close. Each goes by the environment's number of it.

#include <algorithm>

#include "bind.h"
#include "environment.h"

namespace millrace {
namespace {

// open(messages, bytes, wake) -> number
Napi::Value Open(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[0].IsNumber() || !info[1].IsNumber() || !info[2].IsFunction())
    return fail(env, "open(messages, bytes, wake)");
  std::string why;
  if (Kafka::get(&why) == nullptr) return fail(env, why.c_str());
  const double messages = info[0].As<Napi::Number>().DoubleValue();
  const double bytes = info[1].As<Napi::Number>().DoubleValue();
  if (!(messages >= 1) || !(bytes >= 1)) return fail(env, "limits are numbers from 1");
  auto channel = Registry::open(static_cast<int64_t>(std::min(messages, static_cast<double>(Admission::kMaxMessages))),
                                static_cast<int64_t>(std::min(bytes, static_cast<double>(Admission::kMaxBytes))));
  return Napi::Number::New(env, Environment::attach(env, std::move(channel), info[2].As<Napi::Function>()));
}

// attach(token, wake) -> number; 0: no channel has that token (any more)
Napi::Value Attach(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsString() || !info[1].IsFunction()) return fail(env, "attach(token, wake)");
  auto channel = Registry::find(info[0].As<Napi::String>().Utf8Value());
  if (channel == nullptr) return Napi::Number::New(env, 0);
  return Napi::Number::New(env, Environment::attach(env, std::move(channel), info[1].As<Napi::Function>()));
}

// token(number) -> string
Napi::Value Token(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  return Napi::String::New(info.Env(), at == nullptr ? "" : at->channel->token);
}

// topic(number, name) -> the lane's number of it, -1 when the channel is closed
Napi::Value Topic(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  if (at == nullptr || info.Length() < 2 || !info[1].IsString()) return Napi::Number::New(info.Env(), -1);
  return Napi::Number::New(info.Env(), at->lane->topic(info[1].As<Napi::String>().Utf8Value()));
}

// counts(number) -> Float64Array [accepted, refused, delivered, failed, unsent, possiblyPersisted, inFlight, bytes]
Napi::Value ChannelCounts(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Attachment *at = Environment::find(info);
  if (at == nullptr) return env.Null();
  const Counts now = at->channel->counts();
  const int64_t values[] = {now.accepted, now.refused,           now.delivered, now.failed,
                            now.unsent,   now.possibly_persisted, now.in_flight, now.bytes};
  auto counts = Napi::Float64Array::New(env, std::size(values));
  if (!made(counts)) return env.Undefined();
  for (size_t i = 0; i < std::size(values); i++) counts[i] = static_cast<double>(values[i]);
  return counts;
}

// laneCounts(number) -> Float64Array [accepted, refused] of the calling thread, and the channel's bytes in flight
Napi::Value LaneCounts(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto counts = Napi::Float64Array::New(env, 3);
  if (!made(counts)) return env.Undefined();
  Attachment *at = Environment::find(info);
  if (at == nullptr) return counts;
  counts[0] = static_cast<double>(at->lane->accepted());
  counts[1] = static_cast<double>(at->lane->refused());
  counts[2] = static_cast<double>(at->channel->admission().bytes());
  return counts;
}

// Blocks a thread of libuv's pool.
class Flush : public Napi::AsyncWorker {
 public:
  Flush(Napi::Function done, std::shared_ptr<Channel> channel, int timeout_ms)
      : Napi::AsyncWorker(done, "millrace.flush"), channel_(std::move(channel)), timeout_ms_(timeout_ms) {}
  void Execute() override { channel_->flush(timeout_ms_); }
  void OnOK() override { Callback().Call({}); }

 private:
  std::shared_ptr<Channel> channel_;
  int timeout_ms_;
};

// flush(number, ms, done): lets librdkafka send without lingering, until nothing is in flight or ms have passed
Napi::Value FlushSoon(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[1].IsNumber() || !info[2].IsFunction()) return fail(env, "flush(number, ms, done)");
  Attachment *at = Environment::find(info);
  if (at == nullptr) {
    info[2].As<Napi::Function>().Call({});
    return env.Undefined();
  }
  const double given = info[1].As<Napi::Number>().DoubleValue();
  const double ms = given > 0 ? std::min(given, 10000.0) : 0;  // NaN: 0
  (new Flush(info[2].As<Napi::Function>(), at->channel, static_cast<int>(ms)))->Queue();
  return env.Undefined();
}

// closing(number): other threads' lanes take no more
Napi::Value Closing(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  if (at != nullptr) at->channel->closing();
  return info.Env().Undefined();
}

// errors() -> [code, name, text] of each error that librdkafka knows; empty before it was loaded
Napi::Value Errors(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto errors = Napi::Array::New(env);
  const Kafka *kafka = Kafka::get();
  if (kafka == nullptr) return errors;
  const rd_kafka_err_desc *descriptions;
  size_t count;
  kafka->rd_kafka_get_err_descs(&descriptions, &count);
  uint32_t known = 0;
  for (size_t i = 0; i < count; i++) {
    if (descriptions[i].name == nullptr || descriptions[i].desc == nullptr) continue;
    auto error = Napi::Array::New(env, 3);
    error.Set(uint32_t{0}, Napi::Number::New(env, descriptions[i].code));
    error.Set(uint32_t{1}, Napi::String::New(env, descriptions[i].name));
    error.Set(uint32_t{2}, Napi::String::New(env, descriptions[i].desc));
    errors.Set(known++, error);
  }
  return errors;
}

// purge(number): takes no more; what librdkafka holds ends soon
Napi::Value Purge(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  if (at != nullptr) at->channel->purge();
  return info.Env().Undefined();
}

// busy(number) -> whether a flush is still inside librdkafka
Napi::Value Busy(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  return Napi::Boolean::New(info.Env(), at != nullptr && at->channel->busy());
}

// close(number): frees the topics
Napi::Value Close(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  if (at != nullptr) at->channel->close();
  return info.Env().Undefined();
}

// release(number): JavaScript will not ask for it again. The home's release ends the token, too.
Napi::Value Release(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  if (at != nullptr && at->lane->home) Registry::release(at->channel->token);
  Environment::release(info);
  return info.Env().Undefined();
}

}  // namespace

void bind_channel(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "open", Open);
  expose(env, exports, "attach", Attach);
  expose(env, exports, "token", Token);
  expose(env, exports, "topic", Topic);
  expose(env, exports, "counts", ChannelCounts);
  expose(env, exports, "laneCounts", LaneCounts);
  expose(env, exports, "flush", FlushSoon);
  expose(env, exports, "closing", Closing);
  expose(env, exports, "errors", Errors);
  expose(env, exports, "purge", Purge);
  expose(env, exports, "busy", Busy);
  expose(env, exports, "close", Close);
  expose(env, exports, "release", Release);
}

}  // namespace millrace
