// Parameters: the values of one statement, in libpq's binary form. Arrays are encoded once; bytes
// that are passed by view must outlive the statement. Moved, never copied: it points into itself.
//
// Thread safety: none.
//
//   connection.Execute("SELECT ... WHERE seq >= $1 LIMIT $2", Parameters().Int8(seq).Int8(limit));
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvshim::sql::postgres {

class Parameters {
 public:
  Parameters() = default;
  Parameters(Parameters&&) noexcept = default;
  Parameters& operator=(Parameters&&) noexcept = default;

  Parameters&& Int8(int64_t value) &&;
  Parameters&& Bytes(std::string_view value) &&;  // by view
  Parameters&& Text(std::string_view value) &&;   // by view

  // $n::int8[] and so on, of `count` elements: `element(i)` gives each.
  template <typename Element>
  Parameters&& Int8Array(size_t count, Element element) && {
    return Array(kInt8, kInt8Array, count, [&](std::string& out, size_t i) {
      AppendSized(out, static_cast<uint64_t>(element(i)), 8);
    });
  }
  template <typename Element>
  Parameters&& Int4Array(size_t count, Element element) && {
    return Array(kInt4, kInt4Array, count, [&](std::string& out, size_t i) {
      AppendSized(out, static_cast<uint64_t>(element(i)), 4);
    });
  }
  template <typename Element>
  Parameters&& BytesArray(size_t count, Element element) && {
    return Array(kBytea, kByteaArray, count, [&](std::string& out, size_t i) {
      const std::string_view bytes = element(i);
      AppendNumber(out, bytes.size(), 4);
      out.append(bytes);
    });
  }

  int count() const { return static_cast<int>(types_.size()); }
  const unsigned* types() const { return types_.data(); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  // PostgreSQL's fixed numbers of its own types.
  static constexpr unsigned kBytea = 17, kInt8 = 20, kInt4 = 23, kText = 25;
  static constexpr unsigned kByteaArray = 1001, kInt4Array = 1007, kInt8Array = 1016;

  // Most significant byte first.
  static void AppendNumber(std::string& out, uint64_t number, int width);
  static void AppendSized(std::string& out, uint64_t number, int width) {
    AppendNumber(out, static_cast<uint64_t>(width), 4);
    AppendNumber(out, number, width);
  }

  template <typename Append>
  Parameters&& Array(unsigned element_type, unsigned type, size_t count, Append append) {
    std::string& out = owned_.emplace_back();
    AppendNumber(out, count == 0 ? 0 : 1, 4);  // dimensions
    AppendNumber(out, 0, 4);                   // no NULL among them
    AppendNumber(out, element_type, 4);
    if (count > 0) {
      AppendNumber(out, count, 4);
      AppendNumber(out, 1, 4);  // the first one's index
    }
    for (size_t i = 0; i < count; ++i) append(out, i);
    return Add(type, out);
  }
  Parameters&& Add(unsigned type, std::string_view value);

  std::deque<std::string> owned_;  // its strings do not move
  std::vector<unsigned> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

}  // namespace kvshim::sql::postgres
