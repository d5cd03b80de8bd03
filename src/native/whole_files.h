// Small files, many at a time: opening, reading and closing each by a call of its own takes JavaScript longer than what
// is in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace {

// A file's result where it is not what it was taken for: its size is another one, or it is no regular file any more.
constexpr int kOtherThanThought = -1;

// @brief Reads each of the files into \p into, one behind the other, as long as \p sizes say.
// @param into room for all of them
// @returns for each: 0, errno, or kOtherThanThought; of those its room holds anything
// @locality any thread; blocks for as long as the disk takes
std::vector<int> read_whole(const std::vector<std::string> &paths, const std::vector<size_t> &sizes, uint8_t *into);

// @brief XXH64 of each file's size in decimal digits and its content: load/receipt/sample.ts.
// @returns as read_whole
// @locality any thread; blocks for as long as the disk takes
std::vector<int> hash_whole(const std::vector<std::string> &paths, const std::vector<size_t> &sizes, uint64_t *hashes);

}  // namespace millrace
