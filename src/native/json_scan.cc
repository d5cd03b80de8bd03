#include "json_scan.h"

#include <algorithm>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace millrace {
namespace {

constexpr unsigned kMaxDepth = 64;

bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

bool is_hex(uint8_t byte) { return is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f'); }

// What does not simply go on inside a string.
bool is_special(uint8_t byte) { return byte < 0x20 || byte == '"' || byte == '\\'; }

// Digits alone, but not -0.
bool is_plain_integer(const uint8_t *start, const uint8_t *end) {
  if (*start == '-' && (++start == end || *start == '0')) return false;
  return std::all_of(start, end, is_digit);
}

std::string_view view(const uint8_t *start, const uint8_t *end) {
  return {reinterpret_cast<const char *>(start), static_cast<size_t>(end - start)};
}

}  // namespace

// Walks through one record, as strict as JsonScanner in input/json.ts. A place that is returned is null where the record is
// no JSON, or nested too deep for this one.
class JsonScan::Walker {
 public:
  // Between \p end, the record's, and \p limit there are bytes that may be loaded, but are none of it.
  Walker(const uint8_t *end, const uint8_t *limit) : end_(end), limit_(limit) {}

  const uint8_t *end() const { return end_; }

  // @returns after white space
  const uint8_t *space(const uint8_t *at) const {
    while (at < end_ && *at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
    return at;
  }

  // @returns after the value that begins at \p at
  const uint8_t *value(const uint8_t *at) const {
    if (at >= end_) return nullptr;
    return *at == '{' || *at == '[' ? nested(at) : scalar(at);
  }

  // @brief Passes an object and has \p see(name, value) look at each member; one whose name has an escape is not plain.
  // @returns after the object that begins at \p at
  template <typename See>
  const uint8_t *object(const uint8_t *at, See see) const {
    at = space(at + 1);
    if (at < end_ && *at == '}') return at + 1;
    for (;;) {
      const uint8_t *const name = at + 1;
      bool is_escaped = false;
      at = string(at, &is_escaped);
      if (at == nullptr || is_escaped) return nullptr;
      const auto text = view(name, at - 1);
      const uint8_t *const start = colon(at);
      if (start == nullptr) return nullptr;
      at = value(start);
      if (at == nullptr) return nullptr;
      see(text, Slice{start, at});
      at = space(at);
      if (at >= end_) return nullptr;
      if (*at == '}') return at + 1;
      if (*at != ',') return nullptr;
      at = space(at + 1);
    }
  }

 private:
  // @returns the first special byte of a string, or what stands at the record's end or behind it
  const uint8_t *special(const uint8_t *at) const {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);
    while (at < end_ && limit_ - at >= 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at));
      const __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
      const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes);
      const int mask = _mm_movemask_epi8(_mm_or_si128(ends, controls));
      if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
      at += 16;
    }
#endif
    while (at < end_ && !is_special(*at)) at++;
    return at;
  }

  // @returns after the string that begins at \p at
  const uint8_t *string(const uint8_t *at, bool *is_escaped) const {
    if (at >= end_ || *at != '"') return nullptr;
    for (at = special(at + 1); at < end_; at = special(at)) {
      if (*at == '"') return at + 1;
      if (*at != '\\') return nullptr;
      *is_escaped = true;
      at = escape(at);
      if (at == nullptr) return nullptr;
    }
    return nullptr;
  }

  const uint8_t *escape(const uint8_t *at) const {
    if (end_ - at < 2) return nullptr;
    switch (at[1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        return at + 2;
      case 'u':
        return end_ - at >= 6 && std::all_of(at + 2, at + 6, is_hex) ? at + 6 : nullptr;
      default:
        return nullptr;
    }
  }

  // @returns after one digit or more
  const uint8_t *digits(const uint8_t *at) const {
    const uint8_t *next = at;
    while (next < end_ && is_digit(*next)) next++;
    return next == at ? nullptr : next;
  }

  const uint8_t *number(const uint8_t *at) const {
    if (*at == '-') at++;
    at = at < end_ && *at == '0' ? at + 1 : digits(at);
    if (at != nullptr && at < end_ && *at == '.') at = digits(at + 1);
    if (at == nullptr || at >= end_ || (*at | 0x20) != 'e') return at;
    at++;
    if (at < end_ && (*at == '+' || *at == '-')) at++;
    return digits(at);
  }

  const uint8_t *literal(const uint8_t *at, std::string_view text) const {
    if (static_cast<size_t>(end_ - at) < text.size()) return nullptr;
    return std::memcmp(at, text.data(), text.size()) == 0 ? at + text.size() : nullptr;
  }

  const uint8_t *scalar(const uint8_t *at) const {
    bool is_escaped = false;
    switch (*at) {
      case '"':
        return string(at, &is_escaped);
      case 't':
        return literal(at, "true");
      case 'f':
        return literal(at, "false");
      case 'n':
        return literal(at, "null");
      default:
        return *at == '-' || is_digit(*at) ? number(at) : nullptr;
    }
  }

  // @returns where the value begins, after a colon with white space around it
  const uint8_t *colon(const uint8_t *at) const {
    at = space(at);
    return at < end_ && *at == ':' ? space(at + 1) : nullptr;
  }

  // @returns where the member's value begins
  const uint8_t *member(const uint8_t *at) const {
    bool is_escaped = false;
    at = string(at, &is_escaped);
    return at == nullptr ? nullptr : colon(at);
  }

  // @returns after the object or array that begins at \p at
  const uint8_t *nested(const uint8_t *at) const {
    // those that are open, the innermost lowest: a one is an object
    uint64_t open = 0;
    unsigned depth = 0;
    for (;;) {
      if (at >= end_) return nullptr;
      if (*at == '{' || *at == '[') {
        const bool is_object = *at == '{';
        const uint8_t *const inside = space(at + 1);
        if (inside >= end_) return nullptr;
        if (*inside != (is_object ? '}' : ']')) {
          if (depth++ == kMaxDepth) return nullptr;
          open = open << 1 | (is_object ? 1 : 0);
          at = is_object ? member(inside) : inside;
          if (at == nullptr) return nullptr;
          continue;
        }
        at = inside + 1;
      } else {
        at = scalar(at);
        if (at == nullptr) return nullptr;
      }
      // a value has ended: close what ends with it, up to the next value
      for (;;) {
        if (depth == 0) return at;
        at = space(at);
        if (at >= end_) return nullptr;
        const bool in_object = (open & 1) != 0;
        if (*at == ',') {
          at = space(at + 1);
          if (in_object) at = member(at);
          if (at == nullptr) return nullptr;
          break;
        }
        if (*at != (in_object ? '}' : ']')) return nullptr;
        at++;
        depth--;
        open >>= 1;
      }
    }
  }

  const uint8_t *const end_;
  const uint8_t *const limit_;
};

JsonScan::JsonScan(const std::vector<JsonField> &fields) {
  for (const auto &[kind, path] : fields) {
    const size_t dot = path.find('.');
    const bool is_dotted = dot != std::string_view::npos;
    const auto rest = is_dotted ? path.substr(dot + 1) : std::string_view();
    wanted_.push_back({kind, path, path.substr(0, dot), rest, is_dotted, {}, {}});
  }
}

uint32_t JsonScan::find(const uint8_t *bytes, size_t size, const volatile uint32_t *ranges, uint32_t count,
                        uint32_t *found) {
  const size_t fields = wanted_.size();
  uint32_t left = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t start = ranges[2 * i];
    const uint32_t end = ranges[2 * i + 1];
    bool is_plain = start < end && end <= size && look(Walker(bytes + end, bytes + size), bytes + start);
    for (size_t field = 0; is_plain && field < fields; field++) {
      const auto &wanted = wanted_[field];
      is_plain = put(wanted.kind, wanted.at_whole, bytes, found + 2 * (field * count + i));
    }
    if (is_plain) continue;
    left++;
    for (size_t field = 0; field < fields; field++) {
      uint32_t *const pair = found + 2 * (field * count + i);
      pair[0] = kLook;
      pair[1] = kLook;
    }
  }
  return left;
}

// @brief Checks the record that begins at \p start, and notes each field's value in at_whole. @returns false where it is not
// plain
bool JsonScan::look(const Walker &walker, const uint8_t *start) {
  const uint8_t *const root = walker.space(start);
  if (root >= walker.end()) return false;
  if (wanted_.size() == 1 && wanted_[0].kind == JsonField::kRecord) {
    const uint8_t *const after = walker.value(root);
    wanted_[0].at_whole = {root, after};
    return after != nullptr && walker.space(after) == walker.end();
  }
  if (*root != '{' || !look_at_members(walker, root)) return false;
  for (auto &wanted : wanted_) {
    if (wanted.at_whole.start == nullptr && !place(walker, wanted, &wanted.at_whole)) return false;
  }
  return true;
}

// @brief Of members with the same name the last one counts.
bool JsonScan::look_at_members(const Walker &walker, const uint8_t *root) {
  for (auto &wanted : wanted_) {
    wanted.at_whole = {};
    wanted.at_first = {};
  }
  const uint8_t *const after = walker.object(root, [this](std::string_view name, Slice value) {
    for (auto &wanted : wanted_) {
      if (name == wanted.whole) wanted.at_whole = value;
      if (wanted.is_dotted && name == wanted.first) wanted.at_first = value;
    }
  });
  return after != nullptr && walker.space(after) == walker.end();
}

// @brief Goes down a path, from the member of its first step; all of it has been checked.
// @returns false where it does not lead through objects alone to a value
bool JsonScan::place(const Walker &walker, const Wanted &wanted, Slice *out) {
  if (!wanted.is_dotted) return false;
  Slice at = wanted.at_first;
  for (std::string_view rest = wanted.rest;;) {
    if (at.start == nullptr || *at.start != '{') return false;
    const size_t dot = rest.find('.');
    const auto step = rest.substr(0, dot);
    Slice next{};
    const uint8_t *const after = walker.object(at.start, [&](std::string_view name, Slice value) {
      if (name == step) next = value;
    });
    if (after == nullptr) return false;
    at = next;
    if (dot == std::string_view::npos) break;
    rest = rest.substr(dot + 1);
  }
  *out = at;
  return at.start != nullptr;
}

// @brief The text that the value stands for, as setText in input/ndjson.ts. @returns false where it is no piece of the bytes
bool JsonScan::put(JsonField::Kind kind, Slice value, const uint8_t *bytes, uint32_t *pair) {
  const uint8_t *start = value.start;
  const uint8_t *end = value.end;
  if (kind != JsonField::kRecord) {
    switch (*start) {
      case '"':
        // what was a string may be none any more: see find
        if (end - start < 2) return false;
        start++;
        end--;
        if (std::memchr(start, '\\', static_cast<size_t>(end - start)) != nullptr) return false;
        break;
      case 'n':
        pair[0] = kNull;
        pair[1] = kNull;
        return true;
      case 't':
      case 'f':
        break;
      default:
        if (kind == JsonField::kAsItStands) break;
        if (!is_plain_integer(start, end)) return false;
    }
  }
  pair[0] = static_cast<uint32_t>(start - bytes);
  pair[1] = static_cast<uint32_t>(end - bytes);
  return true;
}

}  // namespace millrace
