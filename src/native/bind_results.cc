// What has ended, on its way out.

#include <algorithm>
#include <vector>

#include "bind.h"
#include "environment.h"

namespace millrace {
namespace {

Batch *batch_of(Attachment *at, const Napi::CallbackInfo &info) {
  if (at == nullptr || info.Length() < 2 || !info[1].IsNumber()) return nullptr;
  return at->lane->find_batch(info[1].As<Napi::Number>().Uint32Value());
}

// look(number) -> whether there is room again. To be called before `endings` and `finished`.
Napi::Value Look(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  if (at == nullptr) return Napi::Boolean::New(info.Env(), false);
  at->lane->look();
  // what comes back when nothing more is sent is freed as well
  Crossing(at->channel.get(), at->lane->home).reap();
  return Napi::Boolean::New(info.Env(), at->lane->take_room());
}

// endings(number) -> null, or {ids: Uint32Array, partitions: Int32Array, offsets: Float64Array, errors: Int16Array,
// states: Uint8Array}
Napi::Value Endings(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Attachment *at = Environment::find(info);
  if (at == nullptr) return env.Null();
  Single *first = at->lane->take_singles();
  if (first == nullptr) return env.Null();
  size_t count = 0;
  for (Single *single = first; single != nullptr; single = single->next) count++;
  napi_value arrays[5];
  auto *id = new_array<uint32_t>(env, napi_uint32_array, count, &arrays[0]);
  auto *partition = new_array<int32_t>(env, napi_int32_array, count, &arrays[1]);
  auto *offset = new_array<double>(env, napi_float64_array, count, &arrays[2]);
  auto *error = new_array<int16_t>(env, napi_int16_array, count, &arrays[3]);
  auto *state = new_array<uint8_t>(env, napi_uint8_array, count, &arrays[4]);
  const bool told = id != nullptr && partition != nullptr && offset != nullptr && error != nullptr && state != nullptr;
  for (Single *single = first; single != nullptr;) {
    Single *next = single->next;
    const Ending &ending = single->ending;
    if (told) {
      *id++ = single->id;
      *partition++ = ending.partition;
      *offset++ = static_cast<double>(ending.offset);
      *error++ = ending.error;
      *state++ = static_cast<uint8_t>(ending.state.load()) | (ending.possibly_persisted ? 0x80 : 0);
    }
    at->lane->recycle(single);
    single = next;
  }
  if (!told) return Napi::Value();
  auto result = Napi::Object::New(env);
  const char *const names[5] = {"ids", "partitions", "offsets", "errors", "states"};
  for (size_t i = 0; i < 5; i++) napi_set_named_property(env, result, names[i], arrays[i]);
  return result;
}

// finished(number) -> Uint32Array of batches that have ended, or null
Napi::Value Finished(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Attachment *at = Environment::find(info);
  if (at == nullptr) return env.Null();
  Batch *first = at->lane->take_batches();
  if (first == nullptr) return env.Null();
  size_t count = 0;
  for (Batch *batch = first; batch != nullptr; batch = batch->next) count++;
  napi_value array;
  auto *id = new_array<uint32_t>(env, napi_uint32_array, count, &array);
  for (Batch *batch = first; batch != nullptr;) {
    Batch *next = batch->next;
    if (id != nullptr) *id++ = batch->id;
    else at->lane->free_batch(batch);
    batch = next;
  }
  return id == nullptr ? Napi::Value() : Napi::Value(env, array);
}

// counts of a batch: Float64Array [offered, refused, delivered, failed, unsent, possiblyPersisted]
Napi::Value BatchCounts(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Batch *batch = batch_of(Environment::find(info), info);
  if (batch == nullptr) return env.Null();
  const double counts[6] = {static_cast<double>(batch->offered),       static_cast<double>(batch->refused),
                            static_cast<double>(batch->delivered()),   static_cast<double>(batch->failed.load()),
                            static_cast<double>(batch->unsent.load()), static_cast<double>(batch->possibly_persisted.load())};
  return new_counts(env, counts);
}

// failures(number, batch) -> null, or Int32Array of [index, state, error, partition, possiblyPersisted] each
Napi::Value Failures(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Batch *batch = batch_of(Environment::find(info), info);
  if (batch == nullptr || !batch->slots) return env.Null();
  const size_t count = batch->failed.load() + batch->unsent.load() + batch->refused;
  if (count == 0) return env.Null();
  napi_value array;
  auto *rows = new_array<int32_t>(env, napi_int32_array, count * 5, &array);
  if (rows == nullptr) return Napi::Value();
  size_t at = 0;
  for (uint32_t i = 0; i < batch->size && at + 5 <= count * 5; i++) {
    const Ending &ending = batch->slots[i].ending;
    const State state = ending.state.load();
    if (state == State::kPending || state == State::kDelivered) continue;
    rows[at++] = static_cast<int32_t>(i);
    rows[at++] = static_cast<int32_t>(state);
    rows[at++] = ending.error;
    rows[at++] = ending.partition;
    rows[at++] = ending.possibly_persisted ? 1 : 0;
  }
  return Napi::Value(env, array);
}

// deliveries(number, batch, partitions: Int32Array, offsets: Float64Array): -1 where not delivered, or not told
Napi::Value Deliveries(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Batch *batch = batch_of(Environment::find(info), info);
  if (batch == nullptr || !batch->slots || info.Length() < 4 || !info[2].IsTypedArray() || !info[3].IsTypedArray())
    return env.Undefined();
  auto partitions = info[2].As<Napi::Int32Array>();
  auto offsets = info[3].As<Napi::Float64Array>();
  if (partitions.TypedArrayType() != napi_int32_array || offsets.TypedArrayType() != napi_float64_array ||
      partitions.ElementLength() < batch->size || offsets.ElementLength() < batch->size)
    return fail(env, "deliveries(number, batch, partitions, offsets)");
  int32_t *partition = partitions.Data();
  double *offset = offsets.Data();
  for (uint32_t i = 0; i < batch->size; i++) {
    const Ending &ending = batch->slots[i].ending;
    const bool delivered = ending.state.load(std::memory_order_acquire) == State::kDelivered;
    partition[i] = delivered ? ending.partition : -1;
    offset[i] = delivered ? static_cast<double>(ending.offset) : -1;
  }
  return env.Undefined();
}

// deliveryRuns(number, batch) -> Float64Array of [index, count, partition, offset] each: neighbours that went to one
// partition, their offsets rising by one, or -1 for all where they are not told. Null where there are more of them than one
// in `kWorthwhile` messages: `deliveries` says it shorter then.
Napi::Value DeliveryRuns(const Napi::CallbackInfo &info) {
  constexpr size_t kColumns = 4;
  constexpr size_t kWorthwhile = 8;
  Napi::Env env = info.Env();
  Batch *batch = batch_of(Environment::find(info), info);
  if (batch == nullptr || !batch->slots) return env.Null();
  std::vector<double> rows;
  int32_t partition = -1;
  int64_t next = 0;
  for (uint32_t i = 0; i < batch->size; i++) {
    const Ending &ending = batch->slots[i].ending;
    if (ending.state.load(std::memory_order_acquire) != State::kDelivered) {
      partition = -1;
      continue;
    }
    if (ending.partition == partition && ending.offset == next) {
      rows[rows.size() - 3]++;
    } else {
      if (rows.size() / kColumns >= batch->size / kWorthwhile) return env.Null();
      partition = ending.partition;
      rows.insert(rows.end(), {static_cast<double>(i), 1, static_cast<double>(partition), static_cast<double>(ending.offset)});
    }
    next = ending.offset < 0 ? ending.offset : ending.offset + 1;
  }
  napi_value array;
  auto *told = new_array<double>(env, napi_float64_array, rows.size(), &array);
  if (told == nullptr) return Napi::Value();
  std::copy(rows.begin(), rows.end(), told);
  return Napi::Value(env, array);
}

// free(number, batch): after it has finished
Napi::Value FreeBatch(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  Batch *batch = batch_of(at, info);
  if (batch != nullptr) at->lane->free_batch(batch);
  return info.Env().Undefined();
}

Napi::Value bytes_of(Napi::Env env, bool there, const std::string &bytes) {
  if (!there) return env.Null();
  return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
}

// unsentOfOthers(number) -> array of {topic, partition, key, value, timestamp, headers: Buffer as packed}
Napi::Value UnsentOfOthers(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto messages = Napi::Array::New(env);
  Attachment *at = Environment::find(info);
  if (at == nullptr) return messages;
  uint32_t i = 0;
  for (Unsent *unsent = at->channel->take_unsent(); unsent != nullptr;) {
    auto message = Napi::Object::New(env);
    message.Set("topic", Napi::String::New(env, unsent->topic));
    message.Set("partition", Napi::Number::New(env, unsent->partition));
    message.Set("key", bytes_of(env, unsent->has_key, unsent->key));
    message.Set("value", bytes_of(env, unsent->has_value, unsent->value));
    message.Set("timestamp", Napi::Number::New(env, static_cast<double>(unsent->timestamp)));
    message.Set("headers", bytes_of(env, true, unsent->headers));
    messages.Set(i++, message);
    Unsent *next = unsent->next;
    delete unsent;
    unsent = next;
  }
  return messages;
}

}  // namespace

void bind_results(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "look", Look);
  expose(env, exports, "endings", Endings);
  expose(env, exports, "finished", Finished);
  expose(env, exports, "batchCounts", BatchCounts);
  expose(env, exports, "failures", Failures);
  expose(env, exports, "deliveries", Deliveries);
  expose(env, exports, "deliveryRuns", DeliveryRuns);
  expose(env, exports, "free", FreeBatch);
  expose(env, exports, "unsentOfOthers", UnsentOfOthers);
}

}  // namespace millrace
