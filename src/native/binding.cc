#include "bind.h"
#include "bind_histogram.h"
#include "environment.h"

namespace millrace {
namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  Environment::init(env);
  bind_channel(env, exports);
  bind_histogram(env, exports);
  bind_offers(env, exports);
  bind_results(env, exports);
  return exports;
}

}  // namespace
}  // namespace millrace

using millrace::Init;
NODE_API_MODULE(millrace, Init)
