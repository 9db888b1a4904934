#include "apiserver/request_info.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

namespace kvplane::apiserver {
namespace {

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    if (!segment.empty()) segments.emplace_back(segment);
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
  }
  return segments;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool IsTrue(std::string_view value) { return value == "true" || value == "1"; }

std::string VerbOf(const std::string& method) {
  if (method == "POST") return "create";
  if (method == "GET" || method == "HEAD") return "get";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "";
}

// The name that a field selector leaves as the only one.
std::string SelectedName(std::string_view selector) {
  static constexpr std::string_view kName = "metadata.name=";
  while (!selector.empty()) {
    std::string_view term = selector.substr(0, selector.find(','));
    selector.remove_prefix(std::min(selector.size(), term.size() + 1));
    if (!term.starts_with(kName)) continue;
    term.remove_prefix(kName.size());
    if (term.starts_with('=')) term.remove_prefix(1);
    return std::string(term);
  }
  return "";
}

// What a request without a name is about: all objects, or all that are selected.
std::string VerbOfMany(const std::string& verb, const Request& request) {
  if (verb == "get") return IsTrue(request.Query("watch")) ? "watch" : "list";
  if (verb == "delete") return "deletecollection";
  return verb;
}

}  // namespace

RequestInfo RequestInfo::Of(const Request& request) {
  RequestInfo info{.verb = Lower(request.method), .path = request.path};
  const std::vector<std::string> parts = Segments(request.path);
  const bool core = !parts.empty() && parts[0] == "api";
  if (parts.size() < (core ? 3 : 4) || (!core && parts[0] != "apis")) return info;
  info.is_resource = true;
  info.verb = VerbOf(request.method);
  size_t at = 1;
  if (!core) info.group = parts[at++];
  info.version = parts[at++];
  if ((parts[at] == "watch" || parts[at] == "proxy") && at + 1 < parts.size()) {
    info.verb = parts[at++];
  }
  if (parts[at] == "namespaces" && at + 1 < parts.size()) {
    info.ns = parts[at + 1];
    // What follows is in the namespace, unless it is part of the namespace.
    const bool inside =
        at + 2 < parts.size() && parts[at + 2] != "status" && parts[at + 2] != "finalize";
    if (inside) at += 2;
  }
  info.resource = parts[at++];
  if (at < parts.size()) info.name = parts[at++];
  if (at < parts.size() && info.verb != "proxy") info.subresource = parts[at];
  if (info.name.empty()) {
    info.verb = VerbOfMany(info.verb, request);
    if (info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection") {
      info.field_selector = request.Query("fieldSelector");
      info.name = SelectedName(info.field_selector);
    }
  } else if (info.verb == "get" && IsTrue(request.Query("watch"))) {
    info.verb = "watch";
  }
  return info;
}

bool RequestInfo::IsLongRunning(const Request& request) const {
  if (!is_resource) return false;
  if (verb == "watch" || verb == "proxy") return true;
  for (const std::string_view streaming : {"exec", "attach", "portforward", "proxy"}) {
    if (subresource == streaming) return true;
  }
  return subresource == "log" && IsTrue(request.Query("follow"));
}

}  // namespace kvplane::apiserver
