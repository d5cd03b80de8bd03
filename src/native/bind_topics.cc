// What a cluster tells of itself and its topics, asked while JavaScript goes on.

#include "bind.h"
#include "configs.h"
#include "environment.h"
#include "identity.h"

namespace millrace {
namespace {

using Row = std::vector<std::string>;
using Ask = Row (*)(Channel &channel, int32_t broker, const std::vector<std::string> &topics, int timeout_ms);

// Error and reason of the request, then for each topic its name, error, reason, how many entries it has, and their
// names and values in turn.
Row ask_configs(Channel &channel, int32_t broker, const std::vector<std::string> &topics, int timeout_ms) {
  const ConfigsAnswer answer = describe_topic_configs(channel, broker, topics, timeout_ms);
  Row row{std::to_string(answer.error), answer.reason};
  for (const TopicConfigs &topic : answer.topics) {
    row.insert(row.end(),
               {topic.topic, std::to_string(topic.error), topic.reason, std::to_string(topic.entries.size())});
    for (const auto &[name, value] : topic.entries) row.insert(row.end(), {name, value});
  }
  return row;
}

// The id of the cluster (empty: not told), then name and id of each topic that has one.
Row ask_ids(Channel &channel, int32_t broker, const std::vector<std::string> &topics, int timeout_ms) {
  const Identity identity = identify(channel, broker, topics, timeout_ms);
  Row row{identity.cluster};
  for (const auto &[name, id] : identity.topics) row.insert(row.end(), {name, id});
  return row;
}

// Blocks a thread of libuv's pool, which an environment that ends waits for: at most for the request's time, or a slice
// of it once the channel is closed.
class Asking : public Napi::AsyncWorker {
 public:
  Asking(Napi::Function done, Ask ask, std::shared_ptr<Channel> channel, int32_t broker,
         std::vector<std::string> topics, int timeout_ms)
      : Napi::AsyncWorker(done, "millrace.topics"),
        ask_(ask),
        channel_(std::move(channel)),
        broker_(broker),
        topics_(std::move(topics)),
        timeout_ms_(timeout_ms) {}

  void Execute() override { row_ = ask_(*channel_, broker_, topics_, timeout_ms_); }

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
  const Ask ask_;
  std::shared_ptr<Channel> channel_;
  const int32_t broker_;
  const std::vector<std::string> topics_;
  const int timeout_ms_;
  Row row_;
};

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  for (size_t from = 0; from < text.size();) {
    const size_t end = std::min(text.find('\n', from), text.size());
    if (end > from) lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

// (number, broker, topics, ms, done): asks that broker; topics are names, one a line. Calls done with the row of an answer
// in a later turn, and returns true; false: there is no such channel, and done is never called
Napi::Value ask_soon(const Napi::CallbackInfo &info, Ask ask, const char *usage) {
  Napi::Env env = info.Env();
  if (info.Length() < 5 || !info[1].IsNumber() || !info[2].IsString() || !info[3].IsNumber() || !info[4].IsFunction())
    return fail(env, usage);
  Attachment *at = Environment::find(info);
  if (at == nullptr) return Napi::Boolean::New(env, false);
  const double ms = info[3].As<Napi::Number>().DoubleValue();
  const int timeout_ms = ms > 1 ? static_cast<int>(std::min(ms, 60000.0)) : 1;  // NaN: 1
  auto topics = lines_of(info[2].As<Napi::String>().Utf8Value());
  const int32_t broker = info[1].As<Napi::Number>().Int32Value();
  (new Asking(info[4].As<Napi::Function>(), ask, at->channel, broker, std::move(topics), timeout_ms))->Queue();
  return Napi::Boolean::New(env, true);
}

Napi::Value TopicConfigsSoon(const Napi::CallbackInfo &info) {
  return ask_soon(info, ask_configs, "topicConfigs(number, broker, topics, ms, done)");
}

Napi::Value IdentifySoon(const Napi::CallbackInfo &info) {
  return ask_soon(info, ask_ids, "identify(number, broker, topics, ms, done)");
}

}  // namespace

void bind_topics(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "topicConfigs", TopicConfigsSoon);
  expose(env, exports, "identify", IdentifySoon);
}

}  // namespace millrace
