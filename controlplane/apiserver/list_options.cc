#include "apiserver/list_options.h"

#include <algorithm>
#include <charconv>

#include "api/base64.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/stored_form.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::Concat;

absl::StatusOr<int64_t> ReadNumber(std::string_view name, std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return registry::BadRequest(
        Concat("strconv.ParseInt: parsing \"", text, "\": invalid syntax: ", name));
  }
  return number;
}

absl::Status InvalidOption(std::string_view field, std::string_view why) {
  return registry::MakeStatus(
      {422, "Invalid", Concat("ListOptions.meta.k8s.io \"\" is invalid: ", field, ": ", why), {}});
}

absl::StatusOr<json::Object> ReadToken(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  ASSIGN_OR_RETURN(const std::string bytes, api::DecodeBase64(text));
  ASSIGN_OR_RETURN(json::Value parsed, api::ParseJson(bytes));
  if (!parsed.is_object()) return absl::InvalidArgumentError("no object");
  return std::move(parsed.get_object());
}

absl::Status ReadContinue(const Call& call, ListOptions& options) {
  const std::string_view text = call.Query("continue");
  if (text.empty()) return absl::OkStatus();
  const auto token = ReadToken(std::string(text));
  if (token.ok()) {
    options.continue_revision = kinds::Integer(*token, {"rv"});
    options.continue_key = kinds::Text(*token, {"start"});
  }
  // A key elsewhere would show what was not asked for.
  const std::string prefix = registry::PrefixOf(call.kind(), call.target.name_space);
  const bool of_revision =
      options.continue_revision > 0 || options.continue_revision == kAnyRevision;
  if (!of_revision || !options.continue_key.starts_with(prefix)) {
    return registry::BadRequest("continue key is not valid");
  }
  return absl::OkStatus();
}

absl::Status ReadRevision(const Call& call, ListOptions& options) {
  const std::string_view version = call.Query("resourceVersion");
  if (!version.empty()) {
    ASSIGN_OR_RETURN(options.revision, ReadNumber("resourceVersion", version));
  }
  const std::string_view match = call.Query("resourceVersionMatch");
  if (match.empty()) return absl::OkStatus();
  if (match == "Exact") {
    options.match = Match::kExact;
  } else if (match == "NotOlderThan") {
    options.match = Match::kNotOlderThan;
  } else {
    return InvalidOption("resourceVersionMatch",
                         Concat("Unsupported value: \"", match,
                                "\": supported values: \"Exact\", \"NotOlderThan\""));
  }
  if (options.watch && !options.initial_events.has_value()) {
    return InvalidOption("resourceVersionMatch",
                         "Forbidden: resourceVersionMatch is forbidden for "
                         "watch unless sendInitialEvents is provided");
  }
  if (options.watch) return absl::OkStatus();
  if (!options.revision.has_value()) {
    return InvalidOption("resourceVersionMatch",
                         "Forbidden: resourceVersionMatch is forbidden "
                         "unless resourceVersion is provided");
  }
  if (options.match == Match::kExact && *options.revision == 0) {
    return InvalidOption("resourceVersionMatch",
                         "Forbidden: resourceVersionMatch \"exact\" is forbidden for "
                         "resourceVersion \"0\"");
  }
  return absl::OkStatus();
}

absl::Status CheckInitialEvents(const ListOptions& options) {
  if (!options.initial_events.has_value()) return absl::OkStatus();
  if (!options.watch) {
    return InvalidOption("sendInitialEvents", "Forbidden: sendInitialEvents is forbidden for list");
  }
  if (options.match != Match::kNotOlderThan) {
    return InvalidOption("resourceVersionMatch",
                         "Forbidden: sendInitialEvents requires setting "
                         "resourceVersionMatch to NotOlderThan");
  }
  if (*options.initial_events && !options.bookmarks) {
    return InvalidOption("sendInitialEvents",
                         "Forbidden: sendInitialEvents requires setting "
                         "allowWatchBookmarks to true");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ListOptions> ListOptions::Read(const Call& call) {
  ListOptions options;
  ASSIGN_OR_RETURN(options.selection, registry::Selection::Parse(call.kind(), call.group_version(),
                                                                 call.Query("labelSelector"),
                                                                 call.Query("fieldSelector")));
  options.watch = call.QueryTrue("watch");
  options.bookmarks = call.QueryTrue("allowWatchBookmarks");
  if (!call.Query("sendInitialEvents").empty()) {
    options.initial_events = call.QueryTrue("sendInitialEvents");
  }
  if (const auto limit = call.Query("limit"); !limit.empty()) {
    ASSIGN_OR_RETURN(options.limit, ReadNumber("limit", limit));
    if (options.limit < 0) options.limit = 0;
  }
  if (const auto timeout = call.Query("timeoutSeconds"); !timeout.empty()) {
    ASSIGN_OR_RETURN(options.timeout_seconds, ReadNumber("timeoutSeconds", timeout));
  }
  RETURN_IF_ERROR(ReadRevision(call, options));
  RETURN_IF_ERROR(CheckInitialEvents(options));
  RETURN_IF_ERROR(ReadContinue(call, options));
  return options;
}

std::string ContinueToken(int64_t revision, std::string_view key) {
  std::string token = api::EncodeBase64(api::ToJson(
      json::Object{{"v", "meta.k8s.io/v1"}, {"rv", revision}, {"start", json::ToBoost(key)}}));
  std::replace(token.begin(), token.end(), '+', '-');
  std::replace(token.begin(), token.end(), '/', '_');
  while (token.ends_with('=')) token.pop_back();
  return token;
}

}  // namespace kvplane::apiserver
