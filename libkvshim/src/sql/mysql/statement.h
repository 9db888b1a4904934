// Statement: SQL text with its values written into it. Bytes are quoted by the rules of a session
// whose texts are bytes (character set binary) and whose sql_mode leaves the backslash its meaning.
//
// Thread safety: a value.
//
//   Statement().Text("DELETE FROM kv_meta WHERE name = ").Bytes(name).text();
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kvshim::sql::mysql {

class Statement {
 public:
  explicit Statement(size_t capacity = 256) { text_.reserve(capacity); }

  Statement& Text(std::string_view text) {
    text_.append(text);
    return *this;
  }

  Statement& Int(int64_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
    text_.append(digits, static_cast<size_t>(end - digits));
    return *this;
  }

  Statement& Bytes(std::string_view bytes) {
    text_.push_back('\'');
    size_t begin = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      const char c = bytes[i];
      if (c != '\'' && c != '\\' && c != '\0') continue;
      text_.append(bytes.substr(begin, i - begin));
      text_.push_back('\\');
      text_.push_back(c == '\0' ? '0' : c);
      begin = i + 1;
    }
    text_.append(bytes.substr(begin));
    text_.push_back('\'');
    return *this;
  }

  // 1, 2, 3
  Statement& Ints(std::span<const int64_t> numbers) {
    for (size_t i = 0; i < numbers.size(); ++i) Text(i == 0 ? "" : ", ").Int(numbers[i]);
    return *this;
  }

  size_t size() const { return text_.size(); }
  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }
  operator std::string_view() const { return text_; }

 private:
  std::string text_;
};

// A name in backquotes.
inline std::string Identifier(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) quoted.append(c == '`' ? 2 : 1, c);
  return quoted + '`';
}

}  // namespace kvshim::sql::mysql
