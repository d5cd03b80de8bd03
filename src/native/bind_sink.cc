// Sinks, by number: bench's own way to leave librdkafka out.

#include "bind.h"
#include "environment.h"
#include "sink.h"

namespace millrace {
namespace {

uint32_t number_of(const Napi::CallbackInfo &info) {
  return info.Length() < 1 || !info[0].IsNumber() ? 0 : info[0].As<Napi::Number>().Uint32Value();
}

// sinkOpen(channel) -> number; 0 where the channel has a client, or there are too many
Napi::Value SinkOpen(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  if (at == nullptr || !at->lane->home || Kafka::get() == nullptr) return Napi::Number::New(info.Env(), 0);
  return Napi::Number::New(info.Env(), Sink::open(at->channel));
}

// sinkTaken(sink) -> how many messages it took
Napi::Value SinkTaken(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), static_cast<double>(Sink::taken(number_of(info))));
}

// sinkClose(sink): what it took has ended then
Napi::Value SinkClose(const Napi::CallbackInfo &info) {
  Sink::close(number_of(info));
  return info.Env().Undefined();
}

}  // namespace

void bind_sink(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "sinkOpen", SinkOpen);
  expose(env, exports, "sinkTaken", SinkTaken);
  expose(env, exports, "sinkClose", SinkClose);
}

}  // namespace millrace
