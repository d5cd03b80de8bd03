#include "kafka.h"

#include <dlfcn.h>

#include <atomic>
#include <mutex>

namespace millrace {
namespace {

#ifdef __APPLE__
constexpr const char *kLibrary = "librdkafka.1.dylib";
#else
constexpr const char *kLibrary = "librdkafka.so.1";
#endif

bool resolve(Kafka *table, std::string *why) {
  void *library = dlopen(kLibrary, RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) {
    *why = std::string(kLibrary) + " is not loaded: node-rdkafka has to be loaded first";
    return false;
  }
#define MILLRACE_RESOLVE(name)                                              \
  table->name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name)); \
  if (table->name == nullptr) {                                             \
    *why = std::string(kLibrary) + " has no " #name;                        \
    return false;                                                           \
  }
  MILLRACE_KAFKA_FUNCTIONS(MILLRACE_RESOLVE)
#undef MILLRACE_RESOLVE
#define MILLRACE_RESOLVE(name) table->name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name));
  MILLRACE_KAFKA_TEST_FUNCTIONS(MILLRACE_RESOLVE)
#undef MILLRACE_RESOLVE
  return true;
}

}  // namespace

const Kafka *Kafka::get(std::string *why) {
  static std::mutex mutex;
  static Kafka table;
  static std::atomic<bool> resolved{false};
  if (resolved.load(std::memory_order_acquire)) return &table;
  std::lock_guard<std::mutex> lock(mutex);
  std::string reason;
  // not remembered when it fails: node-rdkafka may be loaded later
  if (!resolve(&table, &reason)) {
    if (why != nullptr) *why = reason;
    return nullptr;
  }
  resolved.store(true, std::memory_order_release);
  return &table;
}

}  // namespace millrace
