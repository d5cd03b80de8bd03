#include "environment.h"

#include <chrono>
#include <thread>

namespace millrace {
namespace {

constexpr auto kExitPurge = std::chrono::seconds(2);

// The thread is about to end, perhaps with messages in flight. Nothing may call it any more; and the memory that its
// messages borrow goes with it, so librdkafka has to let go of that first.
void on_thread_end(void *data) {
  auto *attachment = static_cast<Attachment *>(data);
  Channel &channel = *attachment->channel;
  attachment->lane->retire();
  if (attachment->lane->borrows()) {
    channel.purge_within(kExitPurge);
  }
  channel.leave(attachment->lane);
}

}  // namespace

uint32_t Environment::attach(Napi::Env env, std::shared_ptr<Channel> channel, Napi::Function wake) {
  auto *self = env.GetInstanceData<Environment>();
  // A lane wakes it at most once until JavaScript looks, so its queue stays as short as there are lanes.
  auto call = Napi::ThreadSafeFunction::New(env, wake, "millrace", 0, 1);
  // in a thread that is being terminated
  if (static_cast<napi_threadsafe_function>(call) == nullptr) return 0;
  call.Unref(env);
  Lane *lane = channel->enter();
  lane->speak([call] { call.NonBlockingCall(); });
  auto attachment = std::unique_ptr<Attachment>(new Attachment{env, std::move(channel), lane, call});
  // hooks run in reverse order: this one before the function's own, which frees it
  napi_add_env_cleanup_hook(env, on_thread_end, attachment.get());
  const uint32_t number = self->next_++;
  self->attachments_.emplace(number, std::move(attachment));
  return number;
}

Attachment *Environment::find(const Napi::CallbackInfo &info) {
  if (info.Length() < 1 || !info[0].IsNumber()) return nullptr;
  const auto &attachments = info.Env().GetInstanceData<Environment>()->attachments_;
  const double number = info[0].As<Napi::Number>().DoubleValue();
  if (!(number >= 1 && number <= 4294967295.0)) return nullptr;
  const auto found = attachments.find(static_cast<uint32_t>(number));
  return found == attachments.end() ? nullptr : found->second.get();
}

void Environment::release(const Napi::CallbackInfo &info) {
  Attachment *attachment = find(info);
  if (attachment == nullptr) return;
  napi_remove_env_cleanup_hook(info.Env(), on_thread_end, attachment);
  attachment->lane->retire();
  attachment->channel->leave(attachment->lane);
  attachment->wake.Release();
  info.Env().GetInstanceData<Environment>()->attachments_.erase(info[0].As<Napi::Number>().Uint32Value());
}

}  // namespace millrace
