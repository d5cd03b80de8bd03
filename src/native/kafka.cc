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

// @brief Within a major version librdkafka only adds functions. The lowest byte tells candidates of the same release.
bool serves(int running) {
  return running >> 8 >= RD_KAFKA_VERSION >> 8 && running >> 24 == RD_KAFKA_VERSION >> 24;
}

bool resolve(Kafka *table, std::string *why) {
  void *library = dlopen(kLibrary, RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) {
    *why = std::string(kLibrary) + " is not loaded: node-rdkafka has to be loaded first";
    return false;
  }
  // asked before the others are looked for: an older one may lack some, and its version tells more than their names
  const auto version = reinterpret_cast<decltype(&::rd_kafka_version)>(dlsym(library, "rd_kafka_version"));
  if (version != nullptr && !serves(version())) {
    *why = "the librdkafka in use is " + version_text(version()) + ", and the addon was compiled for " +
           version_text(RD_KAFKA_VERSION) + " or a later " + std::to_string(RD_KAFKA_VERSION >> 24) + ".x";
    return false;
  }
#define MILLRACE_RESOLVE(name)                                              \
  table->name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name)); \
  if (table->name == nullptr) {                                             \
    *why = std::string(kLibrary) + " has no " #name;                        \
    return false;                                                           \
  }
  MILLRACE_KAFKA_FUNCTIONS(MILLRACE_RESOLVE)
  MILLRACE_KAFKA_READER_FUNCTIONS(MILLRACE_RESOLVE)
#undef MILLRACE_RESOLVE
#define MILLRACE_RESOLVE(name) table->name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name));
  MILLRACE_KAFKA_TEST_FUNCTIONS(MILLRACE_RESOLVE)
#undef MILLRACE_RESOLVE
  return true;
}

}  // namespace

std::string version_text(int version) {
  return std::to_string(version >> 24 & 0xff) + "." + std::to_string(version >> 16 & 0xff) + "." +
         std::to_string(version >> 8 & 0xff);
}

bool Kafka::is_literal(const char *text) const {
  Dl_info of_text;
  Dl_info of_library;
  return text != nullptr && dladdr(text, &of_text) != 0 &&
         dladdr(reinterpret_cast<const void *>(rd_kafka_version), &of_library) != 0 &&
         of_text.dli_fbase == of_library.dli_fbase;
}

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
