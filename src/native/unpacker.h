// Unpacks a packed stream a step at a time, with whichever library of the process can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace millrace {

class Unpacker {
 public:
  enum class Packing { kGzip, kZstd };

  enum class State {
    kInside,   // the stream may not end here
    kBetween,  // it may
    kFailed,   // why() says why; whatever came before was given out
  };

  struct Step {
    size_t taken;
    size_t made;
    State state;
  };

  // @returns null where the process has no library for it. @locality any thread
  static std::unique_ptr<Unpacker> create(Packing packing);

  Unpacker() = default;
  Unpacker(const Unpacker &) = delete;
  Unpacker &operator=(const Unpacker &) = delete;
  virtual ~Unpacker() = default;

  // @brief Goes on until the input is used up, the output full, or the stream damaged: nothing of what comes before the
  // damage is kept back. More may come of no input where the output was filled. Borrows both for the call.
  // @locality any thread, one at a time
  virtual Step step(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) = 0;

  // @locality as step
  const std::string &why() const { return why_; }

 protected:
  std::string why_;
};

// @returns null where there is no zlib, or another one than there ever was
std::unique_ptr<Unpacker> gzip_unpacker();

// @returns null where there is no libzstd
std::unique_ptr<Unpacker> zstd_unpacker();

inline std::unique_ptr<Unpacker> Unpacker::create(Packing packing) {
  return packing == Packing::kGzip ? gzip_unpacker() : zstd_unpacker();
}

}  // namespace millrace
