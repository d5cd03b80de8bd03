// Locks of files, for JavaScript. Runs on JavaScript's thread, waits for nothing and keeps nothing.

#include <sys/file.h>

#include <cerrno>

#include "bind.h"

namespace millrace {
namespace {

// lockFile(descriptor) -> 0, or errno: EWOULDBLOCK where another one has it. The lock ends with the descriptor, however
// its process ends.
Napi::Value LockFile(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int32_t descriptor = -1;
  if (info.Length() < 1 || napi_get_value_int32(env, info[0], &descriptor) != napi_ok || descriptor < 0)
    return fail(env, "lockFile(descriptor)");
  int result;
  do {
    result = flock(descriptor, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return Napi::Number::New(env, result == 0 ? 0 : errno);
}

}  // namespace

void bind_lock(Napi::Env env, Napi::Object exports) { expose(env, exports, "lockFile", LockFile); }

}  // namespace millrace
