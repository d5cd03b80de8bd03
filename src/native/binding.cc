// The thin layer to JavaScript: checks numbers and ranges, calls the channel, copies results into typed arrays.
// All functions run on JavaScript's thread. Channels go by token and batches by number, so that whatever JavaScript
// passes either names one or does not.

#include <napi.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "bind_kafka.h"
#include "channel.h"

namespace millrace {
namespace {

// What JavaScript writes for each message, as int32; the positions are in the arena given along.
enum Field { kTopic, kPartition, kKeyAt, kKeySize, kValueAt, kValueSize, kHeadersAt, kHeadersSize, kTimeLow, kTimeHigh, kId, kFields };

// An empty key or value has to have a pointer, or it would be none.
const char kEmpty[1] = {0};

Napi::Value fail(Napi::Env env, const char *why) {
  Napi::TypeError::New(env, why).ThrowAsJavaScriptException();
  return env.Undefined();
}

std::shared_ptr<Channel> channel_of(const Napi::CallbackInfo &info) {
  if (info.Length() < 1 || !info[0].IsNumber()) return nullptr;
  const double token = info[0].As<Napi::Number>().DoubleValue();
  if (!(token >= 1 && token <= 9007199254740991.0)) return nullptr;
  return Registry::find(static_cast<uint64_t>(token));
}

struct Range {
  bool ok;
  const uint8_t *data;
  size_t size;
};

// @brief A piece of the arena, or null where size is -1.
Range piece(const uint8_t *arena, size_t arena_size, int32_t at, int32_t size) {
  if (size == -1) return {true, nullptr, 0};
  if (at < 0 || size < 0 || static_cast<uint64_t>(at) + static_cast<uint64_t>(size) > arena_size) return {false, nullptr, 0};
  if (size == 0) return {true, reinterpret_cast<const uint8_t *>(kEmpty), 0};
  return {true, arena + at, static_cast<size_t>(size)};
}

bool read_message(const int32_t *fields, const uint8_t *arena, size_t arena_size, Outgoing *out) {
  const Range key = piece(arena, arena_size, fields[kKeyAt], fields[kKeySize]);
  const Range value = piece(arena, arena_size, fields[kValueAt], fields[kValueSize]);
  const Range headers = piece(arena, arena_size, fields[kHeadersAt], fields[kHeadersSize]);
  if (!key.ok || !value.ok || !headers.ok) return false;
  const int64_t time = static_cast<int64_t>(static_cast<uint64_t>(static_cast<uint32_t>(fields[kTimeHigh])) << 32 |
                                            static_cast<uint32_t>(fields[kTimeLow]));
  *out = {fields[kTopic], fields[kPartition], key.data, key.size, value.data, value.size, time, headers.data, headers.size};
  return true;
}

// open(messages, bytes, wake) -> token
Napi::Value Open(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[0].IsNumber() || !info[1].IsNumber() || !info[2].IsFunction())
    return fail(env, "open(messages, bytes, wake)");
  std::string why;
  if (Kafka::get(&why) == nullptr) return fail(env, why.c_str());
  const double messages = info[0].As<Napi::Number>().DoubleValue();
  const double bytes = info[1].As<Napi::Number>().DoubleValue();
  if (!(messages >= 1) || !(bytes >= 1)) return fail(env, "limits are numbers from 1");
  // A channel wakes it at most once until JavaScript looked, so its queue stays as short as there are channels.
  auto wake = Napi::ThreadSafeFunction::New(env, info[2].As<Napi::Function>(), "millrace", 0, 1);
  wake.Unref(env);
  auto channel = Registry::open(
      static_cast<int64_t>(std::min(messages, static_cast<double>(Admission::kMaxMessages))),
      static_cast<int64_t>(std::min(bytes, static_cast<double>(Admission::kMaxBytes))),
      // after the environment has ended this only says so: as it is called once until JavaScript looks, not again
      [wake] { wake.NonBlockingCall(); }, [wake]() mutable { wake.Release(); });
  return Napi::Number::New(env, static_cast<double>(channel->token));
}

// topic(token, name) -> number, -1 when the channel is closed
Napi::Value Topic(const Napi::CallbackInfo &info) {
  auto channel = channel_of(info);
  if (channel == nullptr || info.Length() < 2 || !info[1].IsString()) return Napi::Number::New(info.Env(), -1);
  return Napi::Number::New(info.Env(), channel->topic(info[1].As<Napi::String>().Utf8Value()));
}

// batch(token, size, slots) -> id
Napi::Value OpenBatch(const Napi::CallbackInfo &info) {
  auto channel = channel_of(info);
  if (channel == nullptr || info.Length() < 3 || !info[1].IsNumber()) return fail(info.Env(), "batch(token, size, slots)");
  const double size = info[1].As<Napi::Number>().DoubleValue();
  if (!(size >= 0 && size <= 1e9)) return fail(info.Env(), "a batch has 0 to 1e9 messages");
  Batch *batch = channel->open_batch(static_cast<uint32_t>(size), info[2].ToBoolean().Value());
  return Napi::Number::New(info.Env(), batch->id);
}

// offer(token, batch, fields: Int32Array, count, arena: Uint8Array) -> how many were taken or refused; -1: closed
// kId of each message is its index in the batch.
Napi::Value OfferMany(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto channel = channel_of(info);
  if (channel == nullptr) return Napi::Number::New(env, -1);
  if (info.Length() < 5 || !info[1].IsNumber() || !info[2].IsTypedArray() || !info[3].IsNumber() || !info[4].IsTypedArray())
    return fail(env, "offer(token, batch, fields, count, arena)");
  Batch *batch = channel->find_batch(info[1].As<Napi::Number>().Uint32Value());
  const auto fields = info[2].As<Napi::Int32Array>();
  const auto arena = info[4].As<Napi::Uint8Array>();
  const uint32_t count = info[3].As<Napi::Number>().Uint32Value();
  if (batch == nullptr || batch->sealed) return fail(env, "no such batch");
  if (fields.TypedArrayType() != napi_int32_array || fields.ElementLength() < static_cast<size_t>(count) * kFields)
    return fail(env, "too few fields");
  const int32_t *field = fields.Data();
  const uint8_t *bytes = arena.Data();
  const size_t size = arena.ByteLength();
  uint32_t done = 0;
  for (; done < count; done++, field += kFields) {
    Outgoing message;
    const uint32_t index = static_cast<uint32_t>(field[kId]);
    if (index >= batch->size || !read_message(field, bytes, size, &message)) return fail(env, "a message is out of range");
    const Offer result = channel->offer(message, batch, index);
    if (result == Offer::kFull) break;
    if (result == Offer::kClosed) return Napi::Number::New(env, -1);
  }
  return Napi::Number::New(env, done);
}

// framed(token, batch, from, to, fields, bytes, ranges, keyBytes|null, keyRanges|null, arena)
// -> next; -1: closed; -2 - index: the range of that message is out of bounds, those before it were taken.
// One fields record with what all messages share; value (and key) by ranges. The memory may be changed by others
// meanwhile (shared, or detached before): each number is read once, and checked against the size as it is now.
Napi::Value OfferFramed(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto channel = channel_of(info);
  if (channel == nullptr) return Napi::Number::New(env, -1);
  if (info.Length() < 10 || !info[4].IsTypedArray() || !info[5].IsTypedArray() || !info[6].IsTypedArray() || !info[9].IsTypedArray())
    return fail(env, "framed(token, batch, from, to, fields, bytes, ranges, keyBytes, keyRanges, arena)");
  Batch *batch = channel->find_batch(info[1].As<Napi::Number>().Uint32Value());
  const uint32_t from = info[2].As<Napi::Number>().Uint32Value();
  const uint32_t to = info[3].As<Napi::Number>().Uint32Value();
  const auto fields = info[4].As<Napi::Int32Array>();
  const auto bytes = info[5].As<Napi::Uint8Array>();
  const auto ranges = info[6].As<Napi::Uint32Array>();
  const auto arena = info[9].As<Napi::Uint8Array>();
  const bool keyed = info[7].IsTypedArray() && info[8].IsTypedArray();
  if (batch == nullptr || batch->sealed) return fail(env, "no such batch");
  if (fields.ElementLength() < kFields || to > batch->size || from > to) return fail(env, "a batch is out of range");
  if (ranges.ElementLength() / 2 < to) return Napi::Number::New(env, -2.0 - from);
  Outgoing message;
  if (!read_message(fields.Data(), arena.Data(), arena.ByteLength(), &message)) return fail(env, "a message is out of range");
  const uint8_t *key_data = nullptr;
  size_t key_size = 0;
  const uint32_t *key_ranges = nullptr;
  if (keyed) {
    const auto key_array = info[7].As<Napi::Uint8Array>();
    const auto key_range_array = info[8].As<Napi::Uint32Array>();
    if (key_range_array.ElementLength() / 2 < to) return Napi::Number::New(env, -2.0 - from);
    key_data = key_array.Data();
    key_size = key_array.ByteLength();
    key_ranges = key_range_array.Data();
  }
  const auto cut = [](const uint8_t *data, size_t size, const volatile uint32_t *range, const void **at, size_t *length) {
    const uint32_t start = range[0];
    const uint32_t end = range[1];
    if (start == 0xffffffffu) {
      *at = nullptr;
      *length = 0;
      return true;
    }
    if (start > end || end > size) return false;
    *length = end - start;
    *at = *length == 0 ? static_cast<const void *>(kEmpty) : data + start;
    return true;
  };
  const uint8_t *data = bytes.Data();
  const size_t size = bytes.ByteLength();
  const uint32_t *range = ranges.Data();
  uint32_t index = from;
  for (; index < to; index++) {
    if (!cut(data, size, range + 2 * static_cast<size_t>(index), &message.value, &message.value_size))
      return Napi::Number::New(env, -2.0 - index);
    if (keyed && !cut(key_data, key_size, key_ranges + 2 * static_cast<size_t>(index), &message.key, &message.key_size))
      return Napi::Number::New(env, -2.0 - index);
    const Offer result = channel->offer(message, batch, index);
    if (result == Offer::kFull) break;
    if (result == Offer::kClosed) return Napi::Number::New(env, -1);
  }
  return Napi::Number::New(env, index);
}

// single(token, fields, arena) -> 0 accepted, 1 full, 2 closed, or librdkafka's error + 10000 (refused)
Napi::Value OfferSingle(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto channel = channel_of(info);
  if (channel == nullptr) return Napi::Number::New(env, 2);
  if (info.Length() < 3 || !info[1].IsTypedArray() || !info[2].IsTypedArray()) return fail(env, "single(token, fields, arena)");
  const auto fields = info[1].As<Napi::Int32Array>();
  const auto arena = info[2].As<Napi::Uint8Array>();
  Outgoing message;
  if (fields.ElementLength() < kFields || !read_message(fields.Data(), arena.Data(), arena.ByteLength(), &message))
    return fail(env, "a message is out of range");
  int16_t error = 0;
  switch (channel->offer_single(message, static_cast<uint32_t>(fields.Data()[kId]), &error)) {
    case Offer::kAccepted:
      return Napi::Number::New(env, 0);
    case Offer::kFull:
      return Napi::Number::New(env, 1);
    case Offer::kClosed:
      return Napi::Number::New(env, 2);
    case Offer::kRefused:
      break;
  }
  return Napi::Number::New(env, 10000 + error);
}

// seal(token, batch)
Napi::Value Seal(const Napi::CallbackInfo &info) {
  auto channel = channel_of(info);
  if (channel == nullptr || info.Length() < 2) return info.Env().Undefined();
  Batch *batch = channel->find_batch(info[1].As<Napi::Number>().Uint32Value());
  if (batch != nullptr) channel->seal(batch);
  return info.Env().Undefined();
}

// awake(token) -> whether there is room again. To be called before `endings` and `finished`.
Napi::Value Awake(const Napi::CallbackInfo &info) {
  auto channel = channel_of(info);
  if (channel == nullptr) return Napi::Boolean::New(info.Env(), false);
  channel->awake();
  return Napi::Boolean::New(info.Env(), channel->take_room());
}

// endings(token) -> null, or {ids: Uint32Array, partitions: Int32Array, offsets: Float64Array, errors: Int16Array, states: Uint8Array}
Napi::Value Endings(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto channel = channel_of(info);
  if (channel == nullptr) return env.Null();
  Single *first = channel->take_singles();
  if (first == nullptr) return env.Null();
  size_t count = 0;
  for (Single *single = first; single != nullptr; single = single->next) count++;
  auto ids = Napi::Uint32Array::New(env, count);
  auto partitions = Napi::Int32Array::New(env, count);
  auto offsets = Napi::Float64Array::New(env, count);
  auto errors = Napi::Int16Array::New(env, count);
  auto states = Napi::Uint8Array::New(env, count);
  size_t i = 0;
  for (Single *single = first; single != nullptr; i++) {
    Single *next = single->next;
    const Ending &ending = single->ending;
    ids[i] = single->id;
    partitions[i] = ending.partition;
    offsets[i] = static_cast<double>(ending.offset);
    errors[i] = ending.error;
    states[i] = static_cast<uint8_t>(ending.state.load()) | (ending.possibly_persisted ? 0x80 : 0);
    channel->recycle(single);
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

// finished(token) -> Uint32Array of batches that have ended, or null
Napi::Value Finished(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto channel = channel_of(info);
  if (channel == nullptr) return env.Null();
  Batch *first = channel->take_batches();
  if (first == nullptr) return env.Null();
  size_t count = 0;
  for (Batch *batch = first; batch != nullptr; batch = batch->next) count++;
  auto ids = Napi::Uint32Array::New(env, count);
  size_t i = 0;
  for (Batch *batch = first; batch != nullptr; batch = batch->next) ids[i++] = batch->id;
  return ids;
}

// counts of a batch: Float64Array [offered, refused, delivered, failed, unsent, possiblyPersisted]
Napi::Value BatchCounts(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto channel = channel_of(info);
  if (channel == nullptr || info.Length() < 2) return env.Null();
  Batch *batch = channel->find_batch(info[1].As<Napi::Number>().Uint32Value());
  if (batch == nullptr) return env.Null();
  auto counts = Napi::Float64Array::New(env, 6);
  counts[0] = batch->offered;
  counts[1] = batch->refused;
  counts[2] = batch->delivered.load();
  counts[3] = batch->failed.load();
  counts[4] = batch->unsent.load();
  counts[5] = batch->possibly_persisted.load();
  return counts;
}

// failures(token, batch) -> null, or Int32Array of [index, state, error, partition, possiblyPersisted] each
Napi::Value Failures(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto channel = channel_of(info);
  if (channel == nullptr || info.Length() < 2) return env.Null();
  Batch *batch = channel->find_batch(info[1].As<Napi::Number>().Uint32Value());
  if (batch == nullptr || !batch->slots) return env.Null();
  const size_t count = batch->failed.load() + batch->unsent.load() + batch->refused;
  if (count == 0) return env.Null();
  auto rows = Napi::Int32Array::New(env, count * 5);
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

// deliveries(token, batch, partitions: Int32Array, offsets: Float64Array): -1 where not delivered, or not told
Napi::Value Deliveries(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto channel = channel_of(info);
  if (channel == nullptr || info.Length() < 4 || !info[2].IsTypedArray() || !info[3].IsTypedArray()) return env.Undefined();
  Batch *batch = channel->find_batch(info[1].As<Napi::Number>().Uint32Value());
  auto partitions = info[2].As<Napi::Int32Array>();
  auto offsets = info[3].As<Napi::Float64Array>();
  if (batch == nullptr || !batch->slots || partitions.ElementLength() < batch->size || offsets.ElementLength() < batch->size)
    return env.Undefined();
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

// free(token, batch): after it has finished
Napi::Value FreeBatch(const Napi::CallbackInfo &info) {
  auto channel = channel_of(info);
  if (channel == nullptr || info.Length() < 2) return info.Env().Undefined();
  Batch *batch = channel->find_batch(info[1].As<Napi::Number>().Uint32Value());
  if (batch != nullptr && batch->pending.load() == 0) channel->free_batch(batch);
  return info.Env().Undefined();
}

// counts(token) -> Float64Array [accepted, refused, delivered, failed, unsent, possiblyPersisted, inFlight, bytes]
Napi::Value ChannelCounts(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto channel = channel_of(info);
  if (channel == nullptr) return env.Null();
  const Counts now = channel->counts();
  auto counts = Napi::Float64Array::New(env, 8);
  const int64_t values[8] = {now.accepted, now.refused, now.delivered, now.failed, now.unsent, now.possibly_persisted, now.in_flight, now.bytes};
  for (size_t i = 0; i < 8; i++) counts[i] = static_cast<double>(values[i]);
  return counts;
}

Napi::Value Purge(const Napi::CallbackInfo &info) {
  auto channel = channel_of(info);
  if (channel != nullptr) channel->purge();
  return info.Env().Undefined();
}

Napi::Value Close(const Napi::CallbackInfo &info) {
  auto channel = channel_of(info);
  if (channel != nullptr) channel->close();
  return info.Env().Undefined();
}

// release(token): JavaScript will not ask for it again
Napi::Value Release(const Napi::CallbackInfo &info) {
  auto channel = channel_of(info);
  if (channel == nullptr) return info.Env().Undefined();
  channel->retire();
  Registry::release(channel->token);
  return info.Env().Undefined();
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  const std::pair<const char *, Napi::Value (*)(const Napi::CallbackInfo &)> functions[] = {
      {"open", Open},           {"topic", Topic},         {"batch", OpenBatch},       {"offer", OfferMany},
      {"framed", OfferFramed},  {"single", OfferSingle},  {"seal", Seal},             {"awake", Awake},
      {"endings", Endings},     {"finished", Finished},   {"batchCounts", BatchCounts}, {"failures", Failures},
      {"deliveries", Deliveries}, {"free", FreeBatch},    {"counts", ChannelCounts},  {"purge", Purge},
      {"close", Close},         {"release", Release},
      {"librdkafka", Librdkafka},
  };
  for (const auto &[name, function] : functions) exports.Set(name, Napi::Function::New(env, function, name));
  return exports;
}

}  // namespace
}  // namespace millrace

using millrace::Init;
NODE_API_MODULE(millrace, Init)
