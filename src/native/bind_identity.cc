// Ids of the cluster and of topics, asked of the cluster while JavaScript goes on.

#include "bind.h"
#include "environment.h"
#include "identity.h"

namespace millrace {
namespace {

// Blocks a thread of libuv's pool, which an environment that ends waits for: at most for the request's time, or a slice
// of it once the channel is closed.
class Identify : public Napi::AsyncWorker {
 public:
  Identify(Napi::Function done, std::shared_ptr<Channel> channel, int32_t broker, std::vector<std::string> topics,
           int timeout_ms)
      : Napi::AsyncWorker(done, "millrace.identify"),
        channel_(std::move(channel)),
        broker_(broker),
        topics_(std::move(topics)),
        timeout_ms_(timeout_ms) {}

  void Execute() override {
    const Identity identity = identify(*channel_, broker_, topics_, timeout_ms_);
    row_.push_back(identity.cluster);
    for (const auto &[name, id] : identity.topics) row_.insert(row_.end(), {name, id});
  }

  // the thread may be ending: see bind.h
  void OnOK() override {
    napi_env env = Env();
    napi_value row, undefined, result;
    if (napi_create_array_with_length(env, row_.size(), &row) != napi_ok) return;
    for (size_t i = 0; i < row_.size(); i++) {
      napi_value text;
      if (napi_create_string_utf8(env, row_[i].data(), row_[i].size(), &text) != napi_ok) return;
      if (napi_set_element(env, row, static_cast<uint32_t>(i), text) != napi_ok) return;
    }
    if (napi_get_undefined(env, &undefined) != napi_ok) return;
    napi_call_function(env, undefined, Callback().Value(), 1, &row, &result);
  }

 private:
  std::shared_ptr<Channel> channel_;
  const int32_t broker_;
  const std::vector<std::string> topics_;
  const int timeout_ms_;
  std::vector<std::string> row_;
};

std::vector<std::string> names_of(const std::string &text) {
  std::vector<std::string> names;
  for (size_t from = 0; from < text.size();) {
    const size_t end = std::min(text.find('\n', from), text.size());
    if (end > from) names.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return names;
}

// identify(number, broker, topics, ms, done): asks that broker; topics are names, one a line. Calls done in a later turn with a row of texts, the
// id of the cluster (empty: not told) and then name and id of each topic that has one; returns true. False: there is no
// such channel, and done is never called
Napi::Value IdentifySoon(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (info.Length() < 5 || !info[1].IsNumber() || !info[2].IsString() || !info[3].IsNumber() || !info[4].IsFunction())
    return fail(env, "identify(number, broker, topics, ms, done)");
  Attachment *at = Environment::find(info);
  if (at == nullptr) return Napi::Boolean::New(env, false);
  const double ms = info[3].As<Napi::Number>().DoubleValue();
  const int timeout_ms = ms > 1 ? static_cast<int>(std::min(ms, 60000.0)) : 1;  // NaN: 1
  auto topics = names_of(info[2].As<Napi::String>().Utf8Value());
  const int32_t broker = info[1].As<Napi::Number>().Int32Value();
  (new Identify(info[4].As<Napi::Function>(), at->channel, broker, std::move(topics), timeout_ms))->Queue();
  return Napi::Boolean::New(env, true);
}

}  // namespace

void bind_identity(Napi::Env env, Napi::Object exports) { expose(env, exports, "identify", IdentifySoon); }

}  // namespace millrace
