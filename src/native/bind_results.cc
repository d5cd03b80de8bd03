// What has ended, on its way out.

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
  auto ids = Napi::Uint32Array::New(env, count);
  auto partitions = Napi::Int32Array::New(env, count);
  auto offsets = Napi::Float64Array::New(env, count);
  auto errors = Napi::Int16Array::New(env, count);
  auto states = Napi::Uint8Array::New(env, count);
  if (!made(ids, partitions, offsets, errors, states)) {
    for (Single *single = first; single != nullptr;) {
      Single *next = single->next;
      at->lane->recycle(single);
      single = next;
    }
    return env.Undefined();
  }
  uint32_t *id = ids.Data();
  int32_t *partition = partitions.Data();
  double *offset = offsets.Data();
  int16_t *error = errors.Data();
  uint8_t *state = states.Data();
  for (Single *single = first; single != nullptr;) {
    Single *next = single->next;
    const Ending &ending = single->ending;
    *id++ = single->id;
    *partition++ = ending.partition;
    *offset++ = static_cast<double>(ending.offset);
    *error++ = ending.error;
    *state++ = static_cast<uint8_t>(ending.state.load()) | (ending.possibly_persisted ? 0x80 : 0);
    at->lane->recycle(single);
    single = next;
  }
  auto result = Napi::Object::New(env);
  result.Set("ids", ids);
  result.Set("partitions", partitions);
  result.Set("offsets", offsets);
  result.Set("errors", errors);
  result.Set("states", states);
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
  auto ids = Napi::Uint32Array::New(env, count);
  if (!made(ids)) return env.Undefined();
  size_t i = 0;
  for (Batch *batch = first; batch != nullptr; batch = batch->next) ids[i++] = batch->id;
  return ids;
}

// counts of a batch: Float64Array [offered, refused, delivered, failed, unsent, possiblyPersisted]
Napi::Value BatchCounts(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Batch *batch = batch_of(Environment::find(info), info);
  if (batch == nullptr) return env.Null();
  auto counts = Napi::Float64Array::New(env, 6);
  if (!made(counts)) return env.Undefined();
  counts[0] = batch->offered;
  counts[1] = batch->refused;
  counts[2] = batch->delivered();
  counts[3] = batch->failed.load();
  counts[4] = batch->unsent.load();
  counts[5] = batch->possibly_persisted.load();
  return counts;
}

// failures(number, batch) -> null, or Int32Array of [index, state, error, partition, possiblyPersisted] each
Napi::Value Failures(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Batch *batch = batch_of(Environment::find(info), info);
  if (batch == nullptr || !batch->slots) return env.Null();
  const size_t count = batch->failed.load() + batch->unsent.load() + batch->refused;
  if (count == 0) return env.Null();
  auto rows = Napi::Int32Array::New(env, count * 5);
  if (!made(rows)) return env.Undefined();
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
  return rows;
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
  expose(env, exports, "free", FreeBatch);
  expose(env, exports, "unsentOfOthers", UnsentOfOthers);
}

}  // namespace millrace
