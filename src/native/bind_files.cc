// Small files for JavaScript: many at a time, in libuv's pool, while JavaScript goes on.

#include <cmath>

#include "bind.h"
#include "whole_files.h"

namespace millrace {
namespace {

constexpr double kMostBytes = 0x1p53;

// One job. Keeps the array that it fills from being collected; that nobody detaches it is for JavaScript to see to.
class Files : public Napi::AsyncWorker {
 public:
  Files(Napi::Function done, std::vector<std::string> paths, std::vector<size_t> sizes, Napi::TypedArray out,
        bool hashes)
      : Napi::AsyncWorker(done, "millrace.files"),
        paths_(std::move(paths)),
        sizes_(std::move(sizes)),
        kept_(Napi::Persistent(out.As<Napi::Object>())),
        out_(static_cast<uint8_t *>(out.ArrayBuffer().Data()) + out.ByteOffset()),
        hashes_(hashes) {}

  // @locality a thread of libuv's pool
  void Execute() override {
    results_ = hashes_ ? hash_whole(paths_, sizes_, reinterpret_cast<uint64_t *>(out_)) : read_whole(paths_, sizes_, out_);
  }

  // the thread may be ending: see bind.h
  void OnOK() override {
    napi_env env = Env();
    napi_value results, undefined, result;
    int32_t *to = new_array<int32_t>(env, napi_int32_array, results_.size(), &results);
    if (to == nullptr || napi_get_undefined(env, &undefined) != napi_ok) return;
    std::copy(results_.begin(), results_.end(), to);
    napi_call_function(env, undefined, Callback().Value(), 1, &results, &result);
  }

 private:
  const std::vector<std::string> paths_;
  const std::vector<size_t> sizes_;
  Napi::ObjectReference kept_;
  uint8_t *const out_;
  const bool hashes_;
  std::vector<int> results_;
};

// @brief Paths with a NUL behind each.
std::vector<std::string> paths_of(const std::string &text) {
  std::vector<std::string> paths;
  for (size_t from = 0; from < text.size();) {
    const size_t end = std::min(text.find('\0', from), text.size());
    paths.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return paths;
}

Napi::Value files_soon(const Napi::CallbackInfo &info, bool hashes, const char *usage) {
  Napi::Env env = info.Env();
  if (info.Length() < 4 || !info[0].IsString() || !info[1].IsTypedArray() || !info[2].IsTypedArray() ||
      !info[3].IsFunction())
    return fail(env, usage);
  auto paths = paths_of(info[0].As<Napi::String>().Utf8Value());
  const auto given = info[1].As<Napi::TypedArray>();
  const auto out = info[2].As<Napi::TypedArray>();
  if (given.TypedArrayType() != napi_float64_array || given.ElementLength() != paths.size()) return fail(env, usage);
  if (out.TypedArrayType() != (hashes ? napi_biguint64_array : napi_uint8_array)) return fail(env, usage);
  std::vector<size_t> sizes;
  double sum = 0;
  for (size_t i = 0; i < paths.size(); i++) {
    const double size = given.As<Napi::Float64Array>()[i];
    if (!(size >= 0 && size < kMostBytes)) return fail(env, "a file's size is a number of bytes");
    sizes.push_back(static_cast<size_t>(size));
    sum += std::floor(size);
  }
  const double room = static_cast<double>(out.ElementLength());
  if (room < (hashes ? static_cast<double>(paths.size()) : sum)) return fail(env, "there is not room for all files");
  (new Files(info[3].As<Napi::Function>(), std::move(paths), std::move(sizes), out, hashes))->Queue();
  return env.Undefined();
}

// readFiles(paths: each with a NUL behind it, sizes: Float64Array, into: Uint8Array, done): reads them one behind the other;
// calls done(results: Int32Array) in a later turn: for each 0, errno, or -1 where it has another size by now
Napi::Value ReadFiles(const Napi::CallbackInfo &info) {
  return files_soon(info, false, "readFiles(paths, sizes, into: Uint8Array, done)");
}

// hashFiles(paths, sizes, hashes: BigUint64Array, done): XXH64 of each one's size in digits and content; calls done as
// readFiles does
Napi::Value HashFiles(const Napi::CallbackInfo &info) {
  return files_soon(info, true, "hashFiles(paths, sizes, hashes: BigUint64Array, done)");
}

}  // namespace

void bind_files(Napi::Env env, Napi::Object exports) {
  expose(env, exports, "readFiles", ReadFiles);
  expose(env, exports, "hashFiles", HashFiles);
}

}  // namespace millrace
