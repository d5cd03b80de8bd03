// The ceiling's thin layer to JavaScript. All functions run on JavaScript's thread; ceilings go by token.

#include "bind.h"

#include <cmath>

#include "ceiling.h"

namespace millrace {
namespace {

std::shared_ptr<Ceiling> ceiling_of(const Napi::CallbackInfo &info) {
  if (info.Length() < 1 || !info[0].IsNumber()) return nullptr;
  const double token = info[0].As<Napi::Number>().DoubleValue();
  if (!(token >= 1 && token <= 9007199254740991.0)) return nullptr;
  return Ceilings::find(static_cast<uint64_t>(token));
}

// ceilingOpen(bytes: Uint8Array, ranges: Uint32Array, messages, maxBytes, changed) -> token
// The payloads are copied; `changed` is called when the loop stops offering and when it ends.
Napi::Value Open(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (info.Length() < 5 || !info[0].IsTypedArray() || !info[1].IsTypedArray() || !info[2].IsNumber() ||
      !info[3].IsNumber() || !info[4].IsFunction())
    return fail(env, "ceilingOpen(bytes, ranges, messages, maxBytes, changed)");
  std::string why;
  if (Kafka::get(&why) == nullptr) return fail(env, why.c_str());
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const auto ranges = info[1].As<Napi::Uint32Array>();
  const double messages = info[2].As<Napi::Number>().DoubleValue();
  const double max_bytes = info[3].As<Napi::Number>().DoubleValue();
  if (bytes.TypedArrayType() != napi_uint8_array || ranges.TypedArrayType() != napi_uint32_array)
    return fail(env, "payloads are bytes and their ranges");
  if (!(messages >= 1 && messages < 1e15) || !(max_bytes >= 1 && max_bytes < 1e15))
    return fail(env, "limits are numbers from 1");
  const std::vector<uint32_t> own_ranges(ranges.Data(), ranges.Data() + ranges.ElementLength());
  if (own_ranges.empty() || own_ranges.size() % 2 != 0) return fail(env, "there are no payloads");
  for (size_t i = 0; i < own_ranges.size(); i += 2)
    if (own_ranges[i] > own_ranges[i + 1] || own_ranges[i + 1] > bytes.ByteLength())
      return fail(env, "a range is out of bounds");

  // called twice for each start, by one thread at a time
  auto wake = Napi::ThreadSafeFunction::New(env, info[4].As<Napi::Function>(), "millrace ceiling", 0, 1);
  wake.Unref(env);
  auto ceiling = std::make_shared<Ceiling>(std::vector<uint8_t>(bytes.Data(), bytes.Data() + bytes.ByteLength()),
                                           own_ranges, static_cast<int64_t>(messages),
                                           static_cast<int64_t>(max_bytes), [wake] { wake.NonBlockingCall(); });
  // The environment may end with the loop at work. This runs before the function above goes: hooks that came later
  // run first.
  std::weak_ptr<Ceiling> weak = ceiling;
  env.AddCleanupHook([weak] {
    if (auto left = weak.lock()) left->close();
  });
  return Napi::Number::New(env, static_cast<double>(Ceilings::add(std::move(ceiling))));
}

// ceilingStart(token, topic, messages, stopAtFailure) -> whether it runs; messages: Infinity for no end
Napi::Value Start(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto ceiling = ceiling_of(info);
  if (ceiling == nullptr) return Napi::Boolean::New(env, false);
  if (info.Length() < 4 || !info[1].IsString() || !info[2].IsNumber())
    return fail(env, "ceilingStart(token, topic, messages, stopAtFailure)");
  const double messages = info[2].As<Napi::Number>().DoubleValue();
  if (!(messages >= 0)) return fail(env, "a number of messages is from 0");
  const int64_t count = messages < 1e15 ? static_cast<int64_t>(messages) : -1;
  return Napi::Boolean::New(env, ceiling->start(info[1].As<Napi::String>().Utf8Value(), count, flag(info[3])));
}

Napi::Value Stop(const Napi::CallbackInfo &info) {
  if (auto ceiling = ceiling_of(info)) ceiling->stop();
  return info.Env().Undefined();
}

Napi::Value Flush(const Napi::CallbackInfo &info) {
  if (auto ceiling = ceiling_of(info)) ceiling->flush();
  return info.Env().Undefined();
}

Napi::Value Purge(const Napi::CallbackInfo &info) {
  if (auto ceiling = ceiling_of(info)) ceiling->purge();
  return info.Env().Undefined();
}

// ceilingCounts(token) -> Float64Array [offered, delivered, failed, possiblyPersisted, firstError, offering, running]
Napi::Value Counts(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto ceiling = ceiling_of(info);
  if (ceiling == nullptr) return env.Null();
  const CeilingCounts now = ceiling->counts();
  const double values[] = {static_cast<double>(now.offered),
                           static_cast<double>(now.delivered),
                           static_cast<double>(now.failed),
                           static_cast<double>(now.possibly_persisted),
                           static_cast<double>(now.first_error),
                           ceiling->offering() ? 1.0 : 0.0,
                           ceiling->running() ? 1.0 : 0.0};
  auto counts = Napi::Float64Array::New(env, std::size(values));
  std::copy(std::begin(values), std::end(values), counts.Data());
  return counts;
}

// ceilingClose(token): ends the loop, if it still runs, and waits for it; a moment at most
Napi::Value Close(const Napi::CallbackInfo &info) {
  if (auto ceiling = ceiling_of(info)) ceiling->close();
  return info.Env().Undefined();
}

// ceilingRelease(token): JavaScript will not ask for it again
Napi::Value Release(const Napi::CallbackInfo &info) {
  auto ceiling = ceiling_of(info);
  if (ceiling == nullptr) return info.Env().Undefined();
  ceiling->close();
  Ceilings::release(static_cast<uint64_t>(info[0].As<Napi::Number>().DoubleValue()));
  return info.Env().Undefined();
}

}  // namespace

void bind_ceiling(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "ceilingOpen", Open);
  expose(env, exports, "ceilingStart", Start);
  expose(env, exports, "ceilingStop", Stop);
  expose(env, exports, "ceilingFlush", Flush);
  expose(env, exports, "ceilingPurge", Purge);
  expose(env, exports, "ceilingCounts", Counts);
  expose(env, exports, "ceilingClose", Close);
  expose(env, exports, "ceilingRelease", Release);
}

}  // namespace millrace
