#include "bind.h"
#include "environment.h"

namespace millrace {
namespace {

// The same number as in engine/binding.ts.
constexpr int kAbi = 13;

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("abi", Napi::Number::New(env, kAbi));
  Environment::init(env);
  bind_ceiling(env, exports);
  bind_channel(env, exports);
  bind_cluster(env, exports);
  bind_files(env, exports);
  bind_hash(env, exports);
  bind_histogram(env, exports);
  bind_json(env, exports);
  bind_kafka(env, exports);
  bind_lent_memory(env, exports);
  bind_lock(env, exports);
  bind_offers(env, exports);
  bind_reader(env, exports);
  bind_results(env, exports);
  bind_sink(env, exports);
  bind_topics(env, exports);
  bind_unpack(env, exports);
  return exports;
}

}  // namespace
}  // namespace millrace

using millrace::Init;
NODE_API_MODULE(millrace, Init)
