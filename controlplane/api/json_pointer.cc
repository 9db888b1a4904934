#include "api/json_pointer.h"

#include <charconv>

#include "base/strings.h"

namespace kvplane::api {

absl::StatusOr<JsonPointer> ParseJsonPointer(std::string_view text) {
  JsonPointer pointer;
  if (text.empty()) return pointer;
  if (text[0] != '/') {
    return absl::InvalidArgumentError(
        kvshim::base::Concat("JSON pointer \"", text, "\" must begin with a slash"));
  }
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '/') {
      pointer.emplace_back();
    } else if (text[at] == '~' && text.substr(at, 2) == "~0") {
      pointer.back() += '~';
      ++at;
    } else if (text[at] == '~' && text.substr(at, 2) == "~1") {
      pointer.back() += '/';
      ++at;
    } else {
      pointer.back() += text[at];
    }
  }
  return pointer;
}

std::optional<size_t> ArrayIndex(std::string_view token, size_t size) {
  size_t index = 0;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool whole = read.ec == std::errc() && read.ptr == token.data() + token.size();
  if (token.empty() || !whole) return std::nullopt;
  if ((token.size() > 1 && token[0] == '0') || index >= size) return std::nullopt;
  return index;
}

}  // namespace kvplane::api
