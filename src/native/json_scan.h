// Fields of JSON records, found in a whole block of them at once. What is found is what input/ndjson.ts would find, byte
// for byte; what is not plain is left to it, so that texts and semantics stand there alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace {

// What is wanted of each record.
struct JsonField {
  enum Kind : uint32_t {
    kText,        // the value at the path, if it is a string without escapes, null, true, false or a plain integer
    kAsItStands,  // the value at the path, a string without its quotes, others as they stand
    kRecord,      // nothing but that the record is JSON
  };

  Kind kind;
  std::string_view path;
};

// Finds the same fields in records. Keeps what paths are views of, and owns nothing but room to work in.
// @locality one thread at a time
class JsonScan {
 public:
  // In place of a start: the value is null; as NO_BYTES in types.ts.
  static constexpr uint32_t kNull = 0xffffffffu;
  // In place of the starts of a record's fields, all of them: it is not plain, and JavaScript is to look at it.
  static constexpr uint32_t kLook = 0xfffffffeu;

  explicit JsonScan(const std::vector<JsonField> &fields);

  // @brief Looks at \p count records, each bytes[ranges[2i], ranges[2i + 1]); \p size is of all bytes, and none beyond is read.
  // Of field f of record i the start and end go to found[2 * (f * count + i)]: a field's are in a row, to be a column's ranges.
  // Bytes and ranges may change meanwhile: what is found is then anything.
  // @returns how many are not plain
  uint32_t find(const uint8_t *bytes, size_t size, const volatile uint32_t *ranges, uint32_t count, uint32_t *found);

 private:
  struct Slice {
    const uint8_t *start;
    const uint8_t *end;
  };

  struct Wanted {
    JsonField::Kind kind;
    std::string_view whole;
    std::string_view first;  // of a dotted path, up to the first dot
    std::string_view rest;   // behind it
    bool is_dotted;
    Slice at_whole;  // start null: there is no such member
    Slice at_first;
  };

  class Walker;

  bool look(const Walker &walker, const uint8_t *start);
  bool look_at_members(const Walker &walker, const uint8_t *root);
  static bool place(const Walker &walker, const Wanted &wanted, Slice *out);
  static bool put(JsonField::Kind kind, Slice value, const uint8_t *bytes, uint32_t *pair);

  std::vector<Wanted> wanted_;
};

}  // namespace millrace
