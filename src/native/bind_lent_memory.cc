// Lent memory for JavaScript: an external Buffer, whose end gives up the hold that JavaScript has.

#include <mutex>
#include <unordered_map>

#include "bind.h"
#include "lent_memory.h"

namespace millrace {
namespace {

// Larger ones are not worth it: inputs are read in chunks.
constexpr double kMostBytes = 1 << 30;

// JavaScript's holds, all environments'. By number, never given twice, so that one is given up once whoever says so, and
// however often: Node does not tell of each failure whether it will still call the finalizer. Never freed, as finalizers
// run to the end of the process.
struct Given {
  std::mutex mutex;
  std::unordered_map<uintptr_t, std::shared_ptr<LentMemory>> holds;
  uintptr_t last = 0;

  uintptr_t add(std::shared_ptr<LentMemory> hold) {
    std::lock_guard<std::mutex> lock(mutex);
    holds.emplace(++last, std::move(hold));
    return last;
  }

  // @locality any thread
  void give_up(uintptr_t number) {
    std::shared_ptr<LentMemory> hold;
    std::lock_guard<std::mutex> lock(mutex);
    const auto found = holds.find(number);
    if (found == holds.end()) return;
    hold = std::move(found->second);
    holds.erase(found);
  }  // the lock goes first, then the memory
};

Given &given() {
  static auto *all = new Given();
  return *all;
}

// @locality the environment's thread, when the memory was collected or the environment ends
void on_collected(napi_env, void *, void *number) { given().give_up(reinterpret_cast<uintptr_t>(number)); }

// lend(bytes) -> a Buffer of memory that `framed` takes holds of; null: none is to be had, or this runtime takes none
Napi::Value Lend(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  double size = 0;
  if (info.Length() < 1 || napi_get_value_double(env, info[0], &size) != napi_ok) return fail(env, "lend(bytes)");
  if (!(size >= 1 && size <= kMostBytes)) return env.Null();
  std::shared_ptr<LentMemory> block = LentMemory::make(static_cast<size_t>(size));
  if (block == nullptr) return env.Null();
  const uintptr_t number = given().add(block);
  napi_value buffer;
  if (napi_create_external_buffer(env, block->size(), block->data(), on_collected, reinterpret_cast<void *>(number),
                                  &buffer) == napi_ok)
    return Napi::Value(env, buffer);
  given().give_up(number);
  return env.Null();
}

// lentBlocks() -> how many blocks there are in the process: lent to JavaScript, or in use by messages in flight
Napi::Value LentBlocks(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), static_cast<double>(LentMemory::alive()));
}

}  // namespace

void bind_lent_memory(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "lend", Lend);
  expose(env, exports, "lentBlocks", LentBlocks);
}

}  // namespace millrace
