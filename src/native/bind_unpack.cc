// Unpacking for JavaScript: steps run in libuv's pool, while JavaScript goes on.

#include "bind.h"
#include "unpacker.h"

namespace millrace {
namespace {

// What a handle holds: null once it was closed. A step holds on to the unpacker by itself.
struct Holder {
  std::shared_ptr<Unpacker> unpacker;
};

// What tells an unpacker's handle from any other value.
constexpr napi_type_tag kTag = {0x6d696c6c72616365, 0x756e7061636b6572};

Holder *holder_of(const Napi::Value &value) {
  if (!value.IsExternal()) return nullptr;
  const auto handle = value.As<Napi::External<Holder>>();
  return handle.CheckTypeTag(&kTag) ? handle.Data() : nullptr;
}

struct Span {
  uint8_t *data;
  size_t size;
};

// @brief What of a Uint8Array lies at \p from and behind. @returns false where it is none, or ends before
bool span_of(const Napi::Value &value, const Napi::Value &from, Span *span) {
  napi_typedarray_type type;
  void *data = nullptr;
  size_t size = 0;
  bool is_typed = false;
  double at = 0;
  if (napi_is_typedarray(value.Env(), value, &is_typed) != napi_ok || !is_typed) return false;
  if (napi_get_typedarray_info(value.Env(), value, &type, &size, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_uint8_array || napi_get_value_double(from.Env(), from, &at) != napi_ok) return false;
  if (!(at >= 0 && at <= static_cast<double>(size))) return false;
  *span = {static_cast<uint8_t *>(data) + static_cast<size_t>(at), size - static_cast<size_t>(at)};
  return true;
}

// One step. Keeps the arrays from being collected; that nobody detaches them is for JavaScript to see to.
class Stepping : public Napi::AsyncWorker {
 public:
  Stepping(Napi::Function done, std::shared_ptr<Unpacker> unpacker, Span in, Span out)
      : Napi::AsyncWorker(done, "millrace.unpack"), unpacker_(std::move(unpacker)), in_(in), out_(out) {}

  void keep(Napi::Object in, Napi::Object out) {
    kept_in_ = Napi::Persistent(in);
    kept_out_ = Napi::Persistent(out);
  }

  // @locality a thread of libuv's pool
  void Execute() override { step_ = unpacker_->step(in_.data, in_.size, out_.data, out_.size); }

  // the thread may be ending: see bind.h
  void OnOK() override {
    napi_env env = Env();
    const double numbers[] = {static_cast<double>(step_.taken), static_cast<double>(step_.made),
                              static_cast<double>(step_.state)};
    napi_value arguments[3], undefined, result;
    for (size_t i = 0; i < 3; i++)
      if (napi_create_double(env, numbers[i], &arguments[i]) != napi_ok) return;
    if (napi_get_undefined(env, &undefined) != napi_ok) return;
    napi_call_function(env, undefined, Callback().Value(), 3, arguments, &result);
  }

 private:
  const std::shared_ptr<Unpacker> unpacker_;
  const Span in_;
  const Span out_;
  Napi::ObjectReference kept_in_;
  Napi::ObjectReference kept_out_;
  Unpacker::Step step_{0, 0, Unpacker::State::kInside};
};

// unpacker(packing: 0 gzip, 1 zstd) -> a handle, or null where the process has no library for it
Napi::Value Open(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int32_t packing = -1;
  if (info.Length() < 1 || napi_get_value_int32(env, info[0], &packing) != napi_ok || packing < 0 || packing > 1)
    return fail(env, "unpacker(packing)");
  std::shared_ptr<Unpacker> unpacker = Unpacker::create(static_cast<Unpacker::Packing>(packing));
  if (unpacker == nullptr) return env.Null();
  auto handle = Napi::External<Holder>::New(env, new Holder{std::move(unpacker)},
                                            [](Napi::Env, Holder *holder) { delete holder; });
  handle.TypeTag(&kTag);
  return handle;
}

// unpack(unpacker, in: Uint8Array, from, out: Uint8Array, at, done): calls done(taken, made, state) in a later turn. One at
// a time
Napi::Value UnpackSoon(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  constexpr const char *kCall = "unpack(unpacker, in, from, out, at, done)";
  Holder *holder = info.Length() < 6 ? nullptr : holder_of(info[0]);
  Span in;
  Span out;
  if (holder == nullptr || holder->unpacker == nullptr || !span_of(info[1], info[2], &in) ||
      !span_of(info[3], info[4], &out) || !info[5].IsFunction())
    return fail(env, kCall);
  auto *stepping = new Stepping(info[5].As<Napi::Function>(), holder->unpacker, in, out);
  stepping->keep(info[1].As<Napi::Object>(), info[3].As<Napi::Object>());
  stepping->Queue();
  return env.Undefined();
}

// unpackFailure(unpacker) -> why the last step failed; between steps
Napi::Value Failure(const Napi::CallbackInfo &info) {
  Holder *holder = info.Length() < 1 ? nullptr : holder_of(info[0]);
  if (holder == nullptr || holder->unpacker == nullptr) return fail(info.Env(), "unpackFailure(unpacker)");
  return Napi::String::New(info.Env(), holder->unpacker->why());
}

// unpackClose(unpacker): frees it, once no step needs it any more
Napi::Value Close(const Napi::CallbackInfo &info) {
  Holder *holder = info.Length() < 1 ? nullptr : holder_of(info[0]);
  if (holder == nullptr) return fail(info.Env(), "unpackClose(unpacker)");
  holder->unpacker.reset();
  return info.Env().Undefined();
}

}  // namespace

void bind_unpack(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "unpacker", Open);
  expose(env, exports, "unpack", UnpackSoon);
  expose(env, exports, "unpackFailure", Failure);
  expose(env, exports, "unpackClose", Close);
}

}  // namespace millrace
