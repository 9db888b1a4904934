// The one place where std::string_view becomes absl's own string_view (Debian's abseil is built
// for C++14, where they are two types), and messages are put together and lists taken apart.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/string_view.h"

namespace kvshim::base {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view FromAbsl(absl::string_view text) { return {text.data(), text.size()}; }

namespace internal {
inline void Append(std::string& out, std::string_view piece) { out.append(piece); }
inline void Append(std::string& out, char piece) { out.push_back(piece); }
template <typename Number>
  requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, char>)
void Append(std::string& out, Number piece) {
  out.append(std::to_string(piece));
}
}  // namespace internal

// Joins text and numbers: Concat("revision ", 7, " of ", name).
template <typename... Pieces>
std::string Concat(const Pieces&... pieces) {
  std::string out;
  (internal::Append(out, pieces), ...);
  return out;
}

// What stands between separators, empty pieces too: "a,,b" are three, "" is one. The pieces are of
// `text`, which outlives them.
std::vector<std::string_view> Split(std::string_view text, char separator);

// The same without the empty ones: "/a//b/" are two, "" none.
std::vector<std::string_view> SplitList(std::string_view text, char separator);

// "a,b"
std::string Join(const std::vector<std::string>& pieces, std::string_view separator);

}  // namespace kvshim::base
