#include "lent_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>

namespace millrace {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// they watch over what malloc gives, not over pages
uint8_t *allocate(size_t size) { return static_cast<uint8_t *>(std::malloc(size)); }
void release(uint8_t *data, size_t) { std::free(data); }
#else
uint8_t *allocate(size_t size) {
  void *pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? nullptr : static_cast<uint8_t *>(pages);
}
void release(uint8_t *data, size_t size) { munmap(data, size); }
#endif

// Of all environments, by address. Never freed: what ends with the process may come after anything else.
struct Blocks {
  std::mutex mutex;
  std::map<uintptr_t, std::weak_ptr<const LentMemory>> by_address;
};

Blocks &blocks() {
  static auto *all = new Blocks();
  return *all;
}

}  // namespace

std::shared_ptr<LentMemory> LentMemory::make(size_t size) {
  uint8_t *data = size == 0 ? nullptr : allocate(size);
  if (data == nullptr) return nullptr;
  std::shared_ptr<LentMemory> block(new LentMemory(data, size));
  Blocks &all = blocks();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.by_address.emplace(reinterpret_cast<uintptr_t>(data), block);
  return block;
}

LentMemory::Hold LentMemory::find(const void *data, size_t size) {
  Hold found;
  Blocks &all = blocks();
  {
    std::lock_guard<std::mutex> lock(all.mutex);
    const auto behind = all.by_address.upper_bound(reinterpret_cast<uintptr_t>(data));
    // null as well where the last hold is just let go of
    if (behind != all.by_address.begin()) found = std::prev(behind)->second.lock();
  }
  // outside the lock: this may be the last hold by now
  return found != nullptr && found->has(data, size) ? found : nullptr;
}

size_t LentMemory::alive() {
  Blocks &all = blocks();
  std::lock_guard<std::mutex> lock(all.mutex);
  return all.by_address.size();
}

LentMemory::~LentMemory() {
  {
    Blocks &all = blocks();
    std::lock_guard<std::mutex> lock(all.mutex);
    all.by_address.erase(reinterpret_cast<uintptr_t>(data_));
  }
  // after that: the next block may have the same address
  release(data_, size_);
}

}  // namespace millrace
