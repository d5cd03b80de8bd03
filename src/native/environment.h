// What one JavaScript environment (the main thread, or a worker) holds of the channels it uses.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>

#include "channel.h"

namespace millrace {

// A channel as one environment sees it. Lives until `release`, or until the environment ends.
struct Attachment {
  Napi::Env env;
  std::shared_ptr<Channel> channel;
  Lane *lane;
  Napi::ThreadSafeFunction wake;
};

// Attachments by number. Numbers are never given twice, so that whatever JavaScript passes either names one of its
// own or does not. All on the environment's thread.
class Environment {
 public:
  static void init(Napi::Env env) { env.SetInstanceData(new Environment()); }

  // @param wake called on this thread when there is something to read
  static uint32_t attach(Napi::Env env, std::shared_ptr<Channel> channel, Napi::Function wake);
  // @brief The attachment that the first argument names, or null.
  static Attachment *find(const Napi::CallbackInfo &info);
  // @brief Ends the attachment that the first argument names.
  static void release(const Napi::CallbackInfo &info);

 private:
  std::unordered_map<uint32_t, std::unique_ptr<Attachment>> attachments_;
  uint32_t next_ = 1;
};

}  // namespace millrace
