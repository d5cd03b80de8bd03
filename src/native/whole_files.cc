#include "whole_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "record_hash.h"

namespace millrace {
namespace {

class Descriptor {
 public:
  // without waiting, should a pipe come to stand there
  explicit Descriptor(const std::string &path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  const int number_;
};

// A pipe is left alone: what is read of it would be lost, and closing it ends who writes to it.
bool is_regular(const std::string &path) {
  struct stat found;
  return ::stat(path.c_str(), &found) != 0 || S_ISREG(found.st_mode);
}

// Asks for a byte more than there should be: so one read tells that the file ends there.
int read_one(const std::string &path, size_t size, uint8_t *into) {
  if (!is_regular(path)) return kOtherThanThought;
  const Descriptor file(path);
  if (file.number() < 0) return errno;
  uint8_t beyond;
  for (size_t at = 0;;) {
    iovec room[] = {{into + at, size - at}, {&beyond, 1}};
    const ssize_t got = ::readv(file.number(), room, 2);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    at += static_cast<size_t>(got);
    if (at > size || (got == 0 && at < size)) return kOtherThanThought;
    if (at == size) return 0;
  }
}

}  // namespace

std::vector<int> read_whole(const std::vector<std::string> &paths, const std::vector<size_t> &sizes, uint8_t *into) {
  std::vector<int> results;
  for (size_t i = 0; i < paths.size(); into += sizes[i++]) results.push_back(read_one(paths[i], sizes[i], into));
  return results;
}

std::vector<int> hash_whole(const std::vector<std::string> &paths, const std::vector<size_t> &sizes,
                            uint64_t *hashes) {
  std::vector<int> results;
  std::vector<uint8_t> room;
  for (size_t i = 0; i < paths.size(); i++) {
    const std::string digits = std::to_string(sizes[i]);
    room.resize(std::max(room.size(), digits.size() + sizes[i]));
    std::memcpy(room.data(), digits.data(), digits.size());
    results.push_back(read_one(paths[i], sizes[i], room.data() + digits.size()));
    hashes[i] = xxh64::hash(room.data(), digits.size() + sizes[i], 0);
  }
  return results;
}

}  // namespace millrace
