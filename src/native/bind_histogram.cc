// Histograms for JavaScript. All functions run on JavaScript's thread.

#include "bind_histogram.h"

#include <atomic>
#include <thread>
#include <vector>

#include "bind.h"

namespace millrace {
namespace {

// What tells a histogram's handle from any other value.
constexpr napi_type_tag kTag = {0x6d696c6c72616365, 0x686973746f677261};

// @returns null where it is no handle of a histogram. JavaScript owns it by that handle.
Histogram *histogram_of(const Napi::Value &value) {
  if (!value.IsExternal()) return nullptr;
  const auto handle = value.As<Napi::External<Histogram>>();
  return handle.CheckTypeTag(&kTag) ? handle.Data() : nullptr;
}

bool is_doubles(const Napi::Value &value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_float64_array;
}

// histogram() -> a handle; freed with it
Napi::Value Open(const Napi::CallbackInfo &info) {
  auto handle = Napi::External<Histogram>::New(info.Env(), new Histogram(),
                                               [](Napi::Env, Histogram *histogram) { delete histogram; });
  handle.TypeTag(&kTag);
  return handle;
}

// recordLatencies(histogram, nanoseconds: Float64Array, threads): each of 1 to 64 threads records all of them at the same
// time, as librdkafka's do; returns when they have ended
Napi::Value Record(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Histogram *histogram = info.Length() < 3 ? nullptr : histogram_of(info[0]);
  if (histogram == nullptr || !is_doubles(info[1]) || !info[2].IsNumber())
    return fail(env, "recordLatencies(histogram, nanoseconds, threads)");
  const double thread_count = info[2].As<Napi::Number>().DoubleValue();
  if (!(thread_count >= 1 && thread_count <= 64)) return fail(env, "there are 1 to 64 threads");
  const auto array = info[1].As<Napi::Float64Array>();
  std::vector<int64_t> values(array.ElementLength());
  for (size_t i = 0; i < values.size(); i++) {
    const double value = array.Data()[i];
    if (value != value) return fail(env, "a latency is a number of nanoseconds");
    // doubles beyond int64 have no defined conversion
    if (value < 0) values[i] = -1;
    else if (value >= 0x1p63) values[i] = INT64_MAX;
    else values[i] = static_cast<int64_t>(value);
  }
  std::vector<std::thread> threads;
  std::atomic<int> ready{0};
  const int wanted = static_cast<int>(thread_count);
  for (int i = 0; i < wanted; i++) {
    threads.emplace_back([&] {
      // all begin together, or the first would have ended before the last began
      ready.fetch_add(1);
      while (ready.load() < wanted) std::this_thread::yield();
      for (const int64_t value : values) histogram->record(value);
    });
  }
  for (std::thread &thread : threads) thread.join();
  return env.Undefined();
}

// latencies(histogram, counts: Float64Array, reset)
Napi::Value Export(const Napi::CallbackInfo &info) {
  Histogram *histogram = info.Length() < 3 ? nullptr : histogram_of(info[0]);
  if (histogram == nullptr) return fail(info.Env(), "latencies(histogram, counts, reset)");
  return export_buckets(info.Env(), *histogram, info[1], flag(info[2]));
}

}  // namespace

Napi::Value export_buckets(Napi::Env env, Histogram &from, Napi::Value out, bool reset) {
  if (!is_doubles(out) || out.As<Napi::Float64Array>().ElementLength() != Histogram::kBuckets)
    return fail(env, "counts go into a Float64Array with an element for each bucket");
  double *counts = out.As<Napi::Float64Array>().Data();
  if (reset) from.take(counts);
  else from.read(counts);
  return env.Undefined();
}

void bind_histogram(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "histogram", Open);
  expose(env, exports, "recordLatencies", Record);
  expose(env, exports, "latencies", Export);
}

}  // namespace millrace
