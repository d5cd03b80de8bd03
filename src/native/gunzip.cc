// gzip by zlib: Node.js exports the one that it is linked with, which is a multiple of the usual one in speed.

#include <algorithm>
#include <climits>

#include "library.h"
#include "unpacker.h"

namespace millrace {
namespace {

// zlib's z_stream, which is what it was in 1.0; its header need not be there. inflateInit2_ is told the size.
struct Stream {
  const uint8_t *next_in;
  unsigned avail_in;
  unsigned long total_in;
  uint8_t *next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char *msg;
  void *state;
  void *(*zalloc)(void *, unsigned, unsigned);
  void (*zfree)(void *, void *);
  void *opaque;
  int data_type;
  unsigned long adler;
  unsigned long reserved;
};

constexpr const char *kVersion = "1";  // the major version is looked at
constexpr int kGzipOnly = 15 + 16;     // the largest window, and a gzip header before it
constexpr int kNoFlush = 0;
enum Result { kOk = 0, kStreamEnd = 1, kMemError = -4, kBufError = -5 };

struct Zlib {
  int (*init)(Stream *, int window_bits, const char *version, int size);
  int (*inflate)(Stream *, int flush);
  int (*reset)(Stream *);
  int (*end)(Stream *);
  bool is_there;

  // @locality any thread
  static const Zlib &get() {
    static const Zlib table = [] {
#ifdef __APPLE__
      const Library library("libz.1.dylib", "inflate");
#else
      const Library library("libz.so.1", "inflate");
#endif
      Zlib zlib{};
      zlib.is_there = library.find("inflateInit2_", &zlib.init) && library.find("inflate", &zlib.inflate) &&
                      library.find("inflateReset", &zlib.reset) && library.find("inflateEnd", &zlib.end);
      return zlib;
    }();
    return table;
  }
};

class Gunzip : public Unpacker {
 public:
  Gunzip() : zlib_(Zlib::get()) {
    is_open_ = zlib_.is_there && zlib_.init(&stream_, kGzipOnly, kVersion, sizeof(Stream)) == kOk;
  }
  ~Gunzip() override {
    if (is_open_) zlib_.end(&stream_);
  }

  bool is_open() const { return is_open_; }

  Step step(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) override {
    stream_.next_in = in;
    stream_.avail_in = static_cast<unsigned>(std::min<size_t>(in_size, UINT_MAX));
    stream_.next_out = out;
    stream_.avail_out = static_cast<unsigned>(std::min<size_t>(out_size, UINT_MAX));
    while (at_ != kFailed && go_on()) {
    }
    const State state = at_ == kFailed ? State::kFailed : at_ == kMember ? State::kInside : State::kBetween;
    return {static_cast<size_t>(stream_.next_in - in), static_cast<size_t>(stream_.next_out - out), state};
  }

 private:
  // A member is what gzip calls each of the streams that may follow one another; zeros after the last pad an archive
  // to a block of tape.
  enum At { kMember, kMemberEnd, kPadding, kFailed };

  // @returns false where there is nothing to do any more
  bool go_on() {
    if (at_ == kMember) return inflate();
    if (stream_.avail_in == 0) return false;
    if (at_ == kMemberEnd && *stream_.next_in != 0) {
      at_ = kMember;
      return zlib_.reset(&stream_) == kOk || fail("its zlib lost its state");
    }
    at_ = kPadding;
    const uint8_t *end = stream_.next_in + stream_.avail_in;
    const uint8_t *other = std::find_if(stream_.next_in, end, [](uint8_t byte) { return byte != 0; });
    stream_.avail_in = static_cast<unsigned>(end - other);
    stream_.next_in = other;
    return other != end && fail("something else follows its end");
  }

  bool inflate() {
    if (stream_.avail_out == 0) return false;
    switch (zlib_.inflate(&stream_, kNoFlush)) {
      case kOk:
        return stream_.avail_in > 0 && stream_.avail_out > 0;
      case kBufError:  // there was nothing to do
        return false;
      case kStreamEnd:
        at_ = kMemberEnd;
        return true;
      case kMemError:
        return fail("out of memory");
      default:
        return fail(stream_.msg == nullptr ? "it is no gzip stream" : stream_.msg);
    }
  }

  bool fail(const char *why) {
    why_ = why;
    at_ = kFailed;
    return false;
  }

  const Zlib &zlib_;
  Stream stream_{};
  bool is_open_ = false;
  At at_ = kMember;
};

}  // namespace

std::unique_ptr<Unpacker> gzip_unpacker() {
  auto unpacker = std::make_unique<Gunzip>();
  if (!unpacker->is_open()) return nullptr;
  return unpacker;
}

}  // namespace millrace
