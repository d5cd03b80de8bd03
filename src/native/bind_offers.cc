// Messages on their way in.
//
// Buffers may be changed by others meanwhile (shared, or detached before): each number is read once, and checked
// against the size as it is now.

#include <algorithm>

#include "bind.h"
#include "environment.h"

namespace millrace {
namespace {

// What JavaScript writes for each message, as int32; the positions are in the arena given along.
enum Field {
  kTopic,
  kPartition,
  kKeyAt,
  kKeySize,
  kValueAt,
  kValueSize,
  kHeadersAt,
  kHeadersSize,
  kTimeLow,
  kTimeHigh,
  kId,
  kFields
};

// What becomes of a frame's values, as engine/borrow.ts says it.
enum Borrowing { kCopied, kIfLent, kVouchedFor };

constexpr int kClosed = -1;
// each has a slot; the same figure as in producer/sender.ts
constexpr double kMostInBatch = 1 << 26;
constexpr const char *kUneven = "messages of a batch without slots differ in what they cost beside key and value";

// An empty key or value has to have a pointer, or it would be none.
const char kEmpty[1] = {0};

struct Range {
  bool ok;
  const uint8_t *data;
  size_t size;
};

// @brief A piece of the arena, or null where size is -1.
Range piece(const uint8_t *arena, size_t arena_size, int32_t at, int32_t size) {
  if (size == -1) return {true, nullptr, 0};
  if (at < 0 || size < 0 || static_cast<uint64_t>(at) + static_cast<uint64_t>(size) > arena_size)
    return {false, nullptr, 0};
  if (size == 0) return {true, reinterpret_cast<const uint8_t *>(kEmpty), 0};
  return {true, arena + at, static_cast<size_t>(size)};
}

bool read_message(const volatile int32_t *fields, const uint8_t *arena, size_t arena_size, Outgoing *out) {
  const Range key = piece(arena, arena_size, fields[kKeyAt], fields[kKeySize]);
  const Range value = piece(arena, arena_size, fields[kValueAt], fields[kValueSize]);
  const Range headers = piece(arena, arena_size, fields[kHeadersAt], fields[kHeadersSize]);
  if (!key.ok || !value.ok || !headers.ok) return false;
  const auto time = static_cast<int64_t>(static_cast<uint64_t>(static_cast<uint32_t>(fields[kTimeHigh])) << 32 |
                                         static_cast<uint32_t>(fields[kTimeLow]));
  *out = {fields[kTopic], fields[kPartition], key.data,     key.size,     value.data,
          value.size,     time,               headers.data, headers.size, false};
  return true;
}

// The fields and the arena of several messages.
struct Packed {
  const volatile int32_t *fields;
  uint32_t count;
  const uint8_t *arena;
  size_t arena_size;
};

bool read_packed(const Napi::Value &fields, const Napi::Value &count, const Napi::Value &arena, Packed *out) {
  if (!fields.IsTypedArray() || !count.IsNumber() || !arena.IsTypedArray()) return false;
  const auto numbers = fields.As<Napi::Int32Array>();
  const auto bytes = arena.As<Napi::Uint8Array>();
  const uint32_t messages = count.As<Napi::Number>().Uint32Value();
  if (numbers.TypedArrayType() != napi_int32_array || numbers.ElementLength() / kFields < messages) return false;
  *out = {numbers.Data(), messages, bytes.Data(), bytes.ByteLength()};
  return true;
}

// A moment of process.hrtime, in nanoseconds; 0 where it is none.
int64_t moment(double value) { return value >= 0 && value <= 9007199254740991.0 ? static_cast<int64_t>(value) : 0; }

// batch(number, size, slots, due) -> id
Napi::Value OpenBatch(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  if (at == nullptr || info.Length() < 4 || !info[1].IsNumber() || !info[3].IsNumber())
    return fail(info.Env(), "batch(number, size, slots, due)");
  const double size = info[1].As<Napi::Number>().DoubleValue();
  if (!(size >= 0 && size <= kMostInBatch)) return fail(info.Env(), "a batch has 0 to 2^26 messages");
  Batch *batch = at->lane->open_batch(static_cast<uint32_t>(size), flag(info[2]),
                                      moment(info[3].As<Napi::Number>().DoubleValue()));
  if (batch == nullptr) return fail(info.Env(), "no memory for a batch of that size");
  return Napi::Number::New(info.Env(), batch->id);
}

// offer(number, batch, fields: Int32Array, count, arena: Uint8Array) -> how many were taken or refused; -1: closed
// kId of each message is its index in the batch.
Napi::Value OfferMany(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Attachment *at = Environment::find(info);
  if (at == nullptr) return Napi::Number::New(env, kClosed);
  Packed packed;
  if (info.Length() < 5 || !info[1].IsNumber() || !read_packed(info[2], info[3], info[4], &packed))
    return fail(env, "offer(number, batch, fields, count, arena)");
  Batch *batch = at->lane->find_batch(info[1].As<Napi::Number>().Uint32Value());
  if (batch == nullptr || batch->sealed) return fail(env, "no such batch");
  const Crossing crossing(at->channel.get(), at->lane->home);
  if (!crossing.open()) return Napi::Number::New(env, kClosed);
  crossing.reap();
  Lane &lane = *at->lane;
  // room for all of them at once, or for one after the other
  int64_t cost = 0;
  const volatile int32_t *field = packed.fields;
  Outgoing message;
  for (uint32_t i = 0; i < packed.count; i++, field += kFields) {
    if (static_cast<uint32_t>(field[kId]) >= batch->size || !read_message(field, packed.arena, packed.arena_size, &message))
      return fail(env, "a message is out of range");
    if (!Lane::even(message, *batch)) return fail(env, kUneven);
    cost += Lane::cost_of(message);
  }
  const bool credited = lane.credit(cost, packed.count);
  const char *why = nullptr;
  uint32_t done = 0;
  for (field = packed.fields; done < packed.count; done++, field += kFields) {
    const auto index = static_cast<uint32_t>(field[kId]);
    // the arrays may have been changed since: what was counted is what may be taken
    if (index >= batch->size || !read_message(field, packed.arena, packed.arena_size, &message) ||
        !Lane::even(message, *batch) || (credited && Lane::cost_of(message) > cost)) {
      why = "a message was changed";
      break;
    }
    if (credited) {
      cost -= Lane::cost_of(message);
      lane.offer_credited(crossing, message, batch, index);
      continue;
    }
    const Offer result = lane.offer(crossing, message, batch, index);
    if (result == Offer::kTooLarge) why = "a message is larger than all that may be in flight";
    if (result != Offer::kAccepted && result != Offer::kRefused) break;
  }
  lane.end_run(crossing);
  if (credited && (cost > 0 || done < packed.count)) lane.give_back(cost, packed.count - done);
  if (why != nullptr) return fail(env, why);
  return Napi::Number::New(env, done);
}

struct Cutter {
  const uint8_t *data = nullptr;
  size_t size = 0;
  const volatile uint32_t *ranges = nullptr;

  bool cut(uint32_t index, const void **at, size_t *length) const {
    const uint32_t start = ranges[2 * static_cast<size_t>(index)];
    const uint32_t end = ranges[2 * static_cast<size_t>(index) + 1];
    if (start == 0xffffffffu) {
      *at = nullptr;
      *length = 0;
      return true;
    }
    if (start > end || end > size) return false;
    *length = end - start;
    *at = *length == 0 ? static_cast<const void *>(kEmpty) : data + start;
    return true;
  }
};

bool read_cutter(const Napi::Value &bytes, const Napi::Value &ranges, uint32_t messages, Cutter *out) {
  const auto data = bytes.As<Napi::Uint8Array>();
  const auto pairs = ranges.As<Napi::Uint32Array>();
  if (pairs.TypedArrayType() != napi_uint32_array || pairs.ElementLength() / 2 < messages) return false;
  *out = {data.Data(), data.ByteLength(), pairs.Data()};
  return true;
}

int32_t borrowing_of(const Napi::Value &value) {
  int32_t given = kCopied;
  return napi_get_value_int32(value.Env(), value, &given) == napi_ok ? given : kCopied;
}

// framed(number, batch, from, to, fields, bytes, ranges, keyBytes|null, keyRanges|null, arena, borrow)
// -> next; -1: closed; otherwise those before `index` were taken, and that one cannot be: -2 - 2 * index: its range is
// out of bounds; -3 - 2 * index: it is larger than all that may be in flight.
// One fields record with what all messages share; value (and key) by ranges. With borrow, 1 or 2, the values stay where
// they are until the batch has ended if all of `bytes` is lent memory, which the batch holds. With 2 also where it is not:
// JavaScript keeps that memory from going away.
Napi::Value OfferFramed(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Attachment *at = Environment::find(info);
  if (at == nullptr) return Napi::Number::New(env, kClosed);
  if (info.Length() < 11 || !info[1].IsNumber() || !info[2].IsNumber() || !info[3].IsNumber() ||
      !info[5].IsTypedArray() || !info[6].IsTypedArray())
    return fail(env, "framed(number, batch, from, to, fields, bytes, ranges, keyBytes, keyRanges, arena, borrow)");
  Batch *batch = at->lane->find_batch(info[1].As<Napi::Number>().Uint32Value());
  const uint32_t from = info[2].As<Napi::Number>().Uint32Value();
  const uint32_t to = info[3].As<Napi::Number>().Uint32Value();
  Packed packed;
  if (!read_packed(info[4], Napi::Number::New(env, 1), info[9], &packed)) return fail(env, "no fields");
  if (batch == nullptr || batch->sealed) return fail(env, "no such batch");
  if (to > batch->size || from > to) return fail(env, "a batch is out of range");
  Outgoing message;
  if (!read_message(packed.fields, packed.arena, packed.arena_size, &message))
    return fail(env, "a message is out of range");
  const bool keyed = info[7].IsTypedArray() && info[8].IsTypedArray();
  Cutter values;
  Cutter keys;
  const auto misfit = [&](uint32_t index) { return Napi::Number::New(env, -2.0 - 2.0 * index); };
  if (!read_cutter(info[5], info[6], to, &values)) return misfit(from);
  if (keyed && !read_cutter(info[7], info[8], to, &keys)) return misfit(from);
  const Crossing crossing(at->channel.get(), at->lane->home);
  if (!crossing.open()) return Napi::Number::New(env, kClosed);
  if (!Lane::even(message, *batch)) return fail(env, kUneven);
  Lane &lane = *at->lane;
  const int32_t borrowing = borrowing_of(info[10]);
  const bool lent = borrowing != kCopied && batch->hold(values.data, values.size);
  message.borrow = lent || borrowing == kVouchedFor;
  if (message.borrow && !lent) lane.borrow();
  const auto cut = [&](uint32_t index) {
    return values.cut(index, &message.value, &message.value_size) &&
           (!keyed || keys.cut(index, &message.key, &message.key_size));
  };
  const auto stopped = [&](uint32_t index, bool too_large) {
    return Napi::Number::New(env, too_large ? -3.0 - 2.0 * index : static_cast<double>(index));
  };
  uint32_t index = from;
  while (index < to) {
    crossing.reap();
    const uint32_t end = std::min<uint32_t>(to, index + Run::kMost);
    uint32_t next = index;
    if (!lane.gathers(message)) {
      // with a time or headers of its own librdkafka takes one at a time
      for (; next < end && cut(next); next++) {
        const Offer result = lane.offer(crossing, message, batch, next);
        if (result == Offer::kTooLarge || result == Offer::kFull) return stopped(next, result == Offer::kTooLarge);
      }
    } else {
      for (; next < end && cut(next); next++) lane.gather(message);
      bool too_large;
      const uint32_t taken = index + static_cast<uint32_t>(lane.offer_gathered(crossing, batch, index, &too_large));
      if (taken < next) return stopped(taken, too_large);
    }
    if (next < end) return misfit(next);
    index = next;
  }
  return Napi::Number::New(env, index);
}

// lease(number, bytes) -> for how many messages of `bytes` there are credits now; 0: none, and room will be told;
// -1: closed. None are leased then: who closes counts credits as messages on their way.
Napi::Value Lease(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Attachment *at = Environment::find(info);
  if (at == nullptr) return Napi::Number::New(env, kClosed);
  if (info.Length() < 2 || !info[1].IsNumber()) return fail(env, "lease(number, bytes)");
  const double cost = info[1].As<Napi::Number>().DoubleValue();
  if (!(cost >= Channel::kOverhead && cost <= static_cast<double>(Admission::kMaxBytes))) return fail(env, "no such cost");
  const Crossing crossing(at->channel.get(), at->lane->home);
  if (!crossing.open()) return Napi::Number::New(env, kClosed);
  return Napi::Number::New(env, static_cast<double>(at->lane->lease(crossing, static_cast<int64_t>(cost))));
}

// singles(number, fields, count, arena, errors: Int16Array, dues: Float64Array) -> whether the channel is open. Offers all messages by
// leased credits and ends the lease. errors[i]: 0, or librdkafka's error: refused.
Napi::Value OfferSingles(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Attachment *at = Environment::find(info);
  if (at == nullptr) return Napi::Boolean::New(env, false);
  Packed packed;
  if (info.Length() < 6 || !read_packed(info[1], info[2], info[3], &packed) || !info[4].IsTypedArray() ||
      !info[5].IsTypedArray())
    return fail(env, "singles(number, fields, count, arena, errors, dues)");
  auto errors = info[4].As<Napi::Int16Array>();
  const auto dues = info[5].As<Napi::Float64Array>();
  if (errors.TypedArrayType() != napi_int16_array || errors.ElementLength() < packed.count ||
      dues.TypedArrayType() != napi_float64_array || dues.ElementLength() < packed.count)
    return fail(env, "too few errors or dues");
  const double *due = dues.Data();
  int16_t *error = errors.Data();
  bool open;
  {
    const Crossing crossing(at->channel.get(), at->lane->home);
    open = crossing.open();
    crossing.reap();
    const volatile int32_t *field = packed.fields;
    for (uint32_t i = 0; open && i < packed.count; i++, field += kFields) {
      Outgoing message;
      if (read_message(field, packed.arena, packed.arena_size, &message))
        at->lane->offer_leased(crossing, message, static_cast<uint32_t>(field[kId]), moment(due[i]), &error[i]);
      else
        error[i] = RD_KAFKA_RESP_ERR__INVALID_ARG;
    }
    if (open) at->lane->end_run(crossing);
  }
  at->lane->end_lease();
  return Napi::Boolean::New(env, open);
}

// seal(number, batch)
Napi::Value Seal(const Napi::CallbackInfo &info) {
  Attachment *at = Environment::find(info);
  if (at == nullptr || info.Length() < 2 || !info[1].IsNumber()) return info.Env().Undefined();
  Batch *batch = at->lane->find_batch(info[1].As<Napi::Number>().Uint32Value());
  if (batch != nullptr) at->lane->seal(batch);
  return info.Env().Undefined();
}

}  // namespace

void bind_offers(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "batch", OpenBatch);
  expose(env, exports, "offer", OfferMany);
  expose(env, exports, "framed", OfferFramed);
  expose(env, exports, "lease", Lease);
  expose(env, exports, "singles", OfferSingles);
  expose(env, exports, "seal", Seal);
}

}  // namespace millrace
