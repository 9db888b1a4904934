#include "cel/url.h"

#include <cctype>

#include "base/strings.h"

namespace kvplane::cel {

using kvshim::base::Concat;

namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool IsScheme(std::string_view text) {
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return false;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '+' && c != '-' && c != '.') {
      return false;
    }
  }
  return true;
}

// Where the port's colon is; npos where there is none.
size_t ColonOf(std::string_view host) {
  const size_t bracket = host.rfind(']');
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return colon;
  return bracket != std::string_view::npos && colon < bracket ? std::string_view::npos : colon;
}

// Escapes what a path may not hold as it is.
std::string EscapedPath(std::string_view path) {
  static constexpr std::string_view kPlain = "-_.~$&+,/:;=@!'()*%[]";
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
        kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace

std::string Url::HostName() const {
  const size_t colon = ColonOf(host);
  std::string name = host.substr(0, colon);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return name;
}

std::string Url::Port() const {
  const size_t colon = ColonOf(host);
  return colon == std::string::npos ? "" : host.substr(colon + 1);
}

bool Unescape(std::string_view text, bool query, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && query) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return true;
}

std::string ParseUrl(std::string_view text, Url& url) {
  const auto fault = [text](std::string_view why) { return Concat("parse \"", text, "\": ", why); };
  if (text.empty()) return fault("empty url");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return fault("net/url: invalid control character in URL");
  }
  std::string_view rest = text;
  const size_t colon = rest.find_first_of(":/?#");
  if (colon != std::string_view::npos && rest[colon] == ':') {
    if (colon == 0) return fault("missing protocol scheme");
    if (IsScheme(rest.substr(0, colon))) {
      for (const char c : rest.substr(0, colon)) {
        url.scheme += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
      rest.remove_prefix(colon + 1);
    } else {
      return fault("first path segment in URL cannot contain colon");
    }
  }
  const size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    url.query = rest.substr(question + 1);
    rest = rest.substr(0, question);
  }
  if (!rest.starts_with('/')) {
    // mailto:x is a request's URI to nobody.
    if (!url.scheme.empty()) return {};
    return fault("invalid URI for request");
  }
  if (!url.scheme.empty() && rest.starts_with("//")) {
    rest.remove_prefix(2);
    const size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, slash);
    rest.remove_prefix(slash);
    const size_t at = authority.rfind('@');
    if (at != std::string_view::npos) authority.remove_prefix(at + 1);
    for (const char c : authority) {
      if (c == ' ' || c == '<' || c == '>' || c == '"' || c == '\\' || c == '^' || c == '`' ||
          c == '{' || c == '|' || c == '}') {
        return fault(Concat("invalid character \"", c, "\" in host name"));
      }
    }
    if (authority.starts_with('[') && authority.find(']') == std::string_view::npos) {
      return fault("missing ']' in host");
    }
    const size_t port = ColonOf(authority);
    if (port != std::string_view::npos &&
        authority.find_first_not_of("0123456789", port + 1) != std::string_view::npos) {
      return fault(Concat("invalid port \"", authority.substr(port), "\" after host"));
    }
    url.host = authority;
  }
  std::string plain;
  if (!Unescape(rest, false, plain)) {
    return fault("invalid URL escape");
  }
  url.path = EscapedPath(rest);
  return {};
}

}  // namespace kvplane::cel
