#include "api/resource_version.h"

#include <charconv>

#include "api/quote.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

}  // namespace

absl::StatusOr<ResourceVersion> ParseResourceVersion(std::string_view text) {
  ResourceVersion version;
  if (text.empty()) return version;
  version.set = true;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), version.value);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return version;
  const std::string_view why =
      read.ec == std::errc::result_out_of_range ? "value out of range" : "invalid syntax";
  return absl::InvalidArgumentError(Concat("resourceVersion: Invalid value: ", Quoted(text),
                                           ": strconv.ParseUint: parsing ", Quoted(text), ": ",
                                           why));
}

absl::StatusOr<VersionMatch> ParseVersionMatch(std::string_view text) {
  if (text.empty()) return VersionMatch::kUnset;
  if (text == "Exact") return VersionMatch::kExact;
  if (text == "NotOlderThan") return VersionMatch::kNotOlderThan;
  return absl::InvalidArgumentError(
      Concat("resourceVersionMatch: Unsupported value: ", Quoted(text),
             ": supported values: \"Exact\", \"NotOlderThan\", \"\""));
}

absl::Status CheckListVersions(const ResourceVersion& version, VersionMatch match, bool continues) {
  if (match == VersionMatch::kUnset) return absl::OkStatus();
  if (continues) {
    return absl::InvalidArgumentError(
        "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is "
        "provided");
  }
  if (!version.set) {
    return absl::InvalidArgumentError(
        "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion "
        "is provided");
  }
  if (match == VersionMatch::kExact && version.value == 0) {
    return absl::InvalidArgumentError(
        "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for "
        "resourceVersion \"0\"");
  }
  return absl::OkStatus();
}

}  // namespace kvplane::api
