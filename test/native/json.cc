// JSON records at the very end of memory, whole, cut and spoilt: the scan reads nothing beyond it, and what it finds is of
// the record. AddressSanitizer sees the first.
#include "json_scan.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support.h"

namespace stress {
namespace {

using millrace::JsonField;
using millrace::JsonScan;

constexpr int kBlocks = 20'000;
constexpr uint32_t kMostRecords = 4;

const std::string kTokens[] = {"{", "}", "[", "]", ",", ":", "\\", " ", "\n", "{\"a\":", ",\"a\":", ",\"b\":{\"a\":",
                               "\"", "\"\"", "\"a\"", "\"b\"", "\"\\n\"", "\"\\u00e9", "\"\\u0", "\"\x01",
                               "\"abcdefghijklmnopqrstuvwxyz\"", "0", "-0", "-1", "1234567890123456789", "1.5", "1.",
                               "1e", "1E+5", "-", "true", "fals", "null", "nul"};

std::string record(Chance &chance) {
  std::string text = chance.one_in(3) ? "" : "{\"a\":";
  for (uint32_t left = chance.number(8); left > 0; left--) text += kTokens[chance.number(std::size(kTokens))];
  if (!chance.one_in(3)) text += '}';
  return text;
}

// @returns whether the record is left to JavaScript
bool check(const uint32_t *pair, uint32_t start, uint32_t end) {
  if (pair[0] == JsonScan::kLook || pair[0] == JsonScan::kNull) {
    same("the end beside a mark", pair[1], pair[0]);
    return pair[0] == JsonScan::kLook;
  }
  if (pair[0] < start || pair[1] < pair[0] || pair[1] > end) fail("what was found is not of the record");
  return false;
}

}  // namespace

void json_round(uint64_t seed) {
  Chance chance(seed, 0);
  const std::vector<JsonField> wanted[] = {{{JsonField::kRecord, ""}},
                                           {{JsonField::kText, "a"}},
                                           {{JsonField::kAsItStands, "b.a"}, {JsonField::kText, "a"}}};
  for (int block = 0; block < kBlocks; block++) {
    const auto &fields = wanted[chance.number(std::size(wanted))];
    const uint32_t count = 1 + chance.number(kMostRecords);
    std::string text;
    std::vector<uint32_t> ranges;
    for (uint32_t i = 0; i < count; i++) {
      ranges.push_back(static_cast<uint32_t>(text.size()));
      text += record(chance);
      // now and then beyond the bytes, or before its start
      ranges.push_back(static_cast<uint32_t>(text.size()) + (chance.one_in(20) ? chance.number(64) : 0));
      if (chance.one_in(50)) ranges.back() = chance.number(8);
    }
    const auto bytes = std::make_unique<uint8_t[]>(text.size());
    std::copy(text.begin(), text.end(), bytes.get());
    std::vector<uint32_t> found(2 * count * fields.size());
    const uint32_t left = JsonScan(fields).find(bytes.get(), text.size(), ranges.data(), count, found.data());
    for (size_t field = 0; field < fields.size(); field++) {
      uint32_t marked = 0;
      for (uint32_t i = 0; i < count; i++)
        marked += check(&found[2 * (field * count + i)], ranges[2 * i], ranges[2 * i + 1]);
      same("records that are left", left, marked);
    }
  }
}

}  // namespace stress
