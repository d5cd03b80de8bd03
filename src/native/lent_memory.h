// Memory of the addon's own that inputs are read into, and that messages in flight may point into: no thread's end, no
// transfer and no garbage collector takes it away from librdkafka.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace millrace {

// A block. Lives while somebody holds it: JavaScript, until its ArrayBuffer is collected or the environment ends, and each
// batch with messages that point into it. Pages of its own, not malloc's: the threads' arenas would fragment, and what is
// given back here is the system's again at once.
class LentMemory {
 public:
  using Hold = std::shared_ptr<const LentMemory>;

  // @returns the first hold; null where there is no memory. @locality any thread; takes the registry's lock
  static std::shared_ptr<LentMemory> make(size_t size);

  // @returns a hold on the block that all of those bytes lie in; null: there is none. @locality as make
  static Hold find(const void *data, size_t size);

  // @returns how many there are. @locality as make
  static size_t alive();

  // @locality whoever lets go last, librdkafka's threads included; takes the registry's lock
  ~LentMemory();
  LentMemory(const LentMemory &) = delete;

  uint8_t *data() const { return data_; }
  size_t size() const { return size_; }

  // @returns whether all of those bytes lie in it. @locality any thread; no lock
  bool has(const void *data, size_t size) const {
    const auto at = reinterpret_cast<uintptr_t>(data);
    const auto begin = reinterpret_cast<uintptr_t>(data_);
    return at >= begin && at - begin <= size_ && size <= size_ - (at - begin);
  }

 private:
  LentMemory(uint8_t *data, size_t size) : data_(data), size_(size) {}

  uint8_t *const data_;
  const size_t size_;
};

}  // namespace millrace
