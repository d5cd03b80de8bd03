// The librdkafka of this process.

#include "bind.h"
#include "kafka.h"

namespace millrace {
namespace {

// librdkafka() -> {running, compiledFor}, versions as text; throws an Error with the reason where the librdkafka
// of this process is missing or will not do
Napi::Value Librdkafka(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  std::string why;
  const Kafka *kafka = Kafka::get(&why);
  if (kafka == nullptr) {
    Napi::Error::New(env, why).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto versions = Napi::Object::New(env);
  versions.Set("running", version_text(kafka->rd_kafka_version()));
  versions.Set("compiledFor", version_text(RD_KAFKA_VERSION));
  return versions;
}

}  // namespace

void bind_kafka(Napi::Env env, Napi::Object exports) { expose(env, exports, "librdkafka", Librdkafka); }

}  // namespace millrace
