// URLs, taken apart as Go takes requests' URIs apart: absolute, or a path.
//
// Thread safety: pure functions.
//
//   Url url;
//   ParseUrl("https://example.com:80/a?b=c", url) == "";
#pragma once

#include <string>
#include <string_view>

namespace kvplane::cel {

struct Url {
  std::string scheme;
  std::string host;  // with its port
  std::string path;  // escaped
  std::string query;

  std::string HostName() const;
  std::string Port() const;
};

// What is wrong with it; empty: nothing.
std::string ParseUrl(std::string_view text, Url& url);

// Without its escapes: "%20" and, in a query, "+" are blanks.
bool Unescape(std::string_view text, bool query, std::string& out);

}  // namespace kvplane::cel
