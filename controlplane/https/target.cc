#include "https/target.h"

#include <optional>

#include "base/status.h"

namespace kvplane::https {
namespace {

int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decode(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = Digit(text[i + 1]);
      const int low = Digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i] == '+' && plus_is_blank ? ' ' : text[i];
    }
  }
  if (decoded.find('\0') != std::string::npos) return std::nullopt;
  return decoded;
}

bool HasDotSegment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

// The path of "https://host/path".
std::string_view WithoutAuthority(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const size_t slash = text.find('/', scheme.size());
    return slash == std::string_view::npos ? "/" : text.substr(slash);
  }
  return text;
}

}  // namespace

absl::StatusOr<Target> Target::Parse(std::string_view text) {
  text = WithoutAuthority(text);
  text = text.substr(0, text.find('#'));
  const size_t mark = text.find('?');
  std::optional<std::string> path = Decode(text.substr(0, mark), /*plus_is_blank=*/false);
  if (!path || path->empty() || path->front() != '/' || HasDotSegment(*path)) {
    return absl::InvalidArgumentError("the request's path is malformed");
  }
  Target target{.path = *std::move(path)};
  std::string_view query = mark == std::string_view::npos ? "" : text.substr(mark + 1);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    auto name = Decode(pair.substr(0, equals), /*plus_is_blank=*/true);
    auto value = Decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1),
                        /*plus_is_blank=*/true);
    if (!name || !value) return absl::InvalidArgumentError("the request's query is malformed");
    target.query.emplace_back(*std::move(name), *std::move(value));
  }
  return target;
}

}  // namespace kvplane::https
