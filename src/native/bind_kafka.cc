#include "bind_kafka.h"

#include "kafka.h"

namespace millrace {

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

}  // namespace millrace
