// zstd by libzstd: Node.js exports the one that it is linked with from 22.15 on, and librdkafka brings the system's.

#include <algorithm>

#include "library.h"
#include "unpacker.h"

namespace millrace {
namespace {

// libzstd's ZSTD_inBuffer and ZSTD_outBuffer, of its stable interface; its header need not be there.
struct In {
  const void *data;
  size_t size;
  size_t at;
};
struct Out {
  void *data;
  size_t size;
  size_t at;
};
struct Context;

struct Zstd {
  Context *(*create)();
  size_t (*free)(Context *);
  size_t (*decompress)(Context *, Out *, In *);
  unsigned (*is_error)(size_t);
  const char *(*error_name)(size_t);
  bool is_there;

  // @locality any thread
  static const Zstd &get() {
    static const Zstd table = [] {
#ifdef __APPLE__
      const Library library("libzstd.1.dylib", "ZSTD_decompressStream");
#else
      const Library library("libzstd.so.1", "ZSTD_decompressStream");
#endif
      Zstd zstd{};
      zstd.is_there = library.find("ZSTD_createDCtx", &zstd.create) && library.find("ZSTD_freeDCtx", &zstd.free) &&
                      library.find("ZSTD_decompressStream", &zstd.decompress) &&
                      library.find("ZSTD_isError", &zstd.is_error) &&
                      library.find("ZSTD_getErrorName", &zstd.error_name);
      return zstd;
    }();
    return table;
  }
};

// What the beginning of a frame takes; then each call says what is wanted next.
constexpr size_t kFirst = 5;

class Unzstd : public Unpacker {
 public:
  Unzstd() : zstd_(Zstd::get()), context_(zstd_.is_there ? zstd_.create() : nullptr) {}
  ~Unzstd() override {
    if (context_ != nullptr) zstd_.free(context_);
  }

  bool is_open() const { return context_ != nullptr; }

  // A call that fails gives out nothing, not even of the blocks before the damage: so each gets just what it asks for,
  // which is never more than a block.
  Step step(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) override {
    In input{in, 0, 0};
    Out output{out, out_size, 0};
    while (state_ != State::kFailed && output.at < out_size && (input.at < in_size || is_full_)) {
      input.size = std::min(in_size, input.at + wanted_);
      const size_t taken = input.at;
      const size_t made = output.at;
      const size_t result = zstd_.decompress(context_, &output, &input);
      if (zstd_.is_error(result)) {
        why_ = zstd_.error_name(result);
        state_ = State::kFailed;
        break;
      }
      is_full_ = result != 0 && output.at == out_size;
      state_ = result == 0 ? State::kBetween : State::kInside;
      wanted_ = result == 0 ? kFirst : result;
      if (input.at == taken && output.at == made) break;
    }
    return {input.at, output.at, state_};
  }

 private:
  const Zstd &zstd_;
  Context *const context_;
  State state_ = State::kInside;
  size_t wanted_ = kFirst;
  // there may be more to come of what was taken
  bool is_full_ = false;
};

}  // namespace

std::unique_ptr<Unpacker> zstd_unpacker() {
  auto unpacker = std::make_unique<Unzstd>();
  if (!unpacker->is_open()) return nullptr;
  return unpacker;
}

}  // namespace millrace
