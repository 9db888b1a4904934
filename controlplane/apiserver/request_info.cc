#include "apiserver/request_info.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>

#include "apiserver/target.h"

namespace kvplane::apiserver {
namespace {

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
  const std::optional<Target> target = Target::Parse(request.path);
  if (!target.has_value()) return info;
  info.is_resource = true;
  info.verb = target->verb.empty() ? VerbOf(request.method) : target->verb;
  const size_t slash = target->group_version.find('/');
  if (slash != std::string::npos) info.group = target->group_version.substr(0, slash);
  info.version = target->group_version.substr(slash + 1);  // all of it where there is no slash
  const bool is_namespace = target->resource == "namespaces" && target->name_space.empty();
  info.ns = is_namespace ? target->name : target->name_space;
  info.resource = target->resource;
  info.name = target->name;
  if (info.verb != "proxy") info.subresource = target->subresource;
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
