// Terms of the checks of pod security: a pod as they see it, and how what is wrong is worded.
//
// Thread safety: pure functions.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admission/pod_parts.h"
#include "admission/pod_security_checks.h"
#include "api/quote.h"
#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::admission::pod_security {

namespace json = api::json;
using kinds::Text;
using kvshim::base::Concat;
using Found = std::optional<Violation>;
using Words = std::set<std::string>;

struct Pod {
  const json::Object& metadata;
  const json::Object& spec;
  int version;

  // Its users are not the host's: what looks like root is not.
  bool has_own_users() const {
    const json::Value* host_users = json::Find(spec, "hostUsers");
    return version >= 35 && host_users != nullptr && host_users->is_bool() &&
           !host_users->get_bool();
  }
  bool is_windows() const { return version >= 25 && Text(spec, {"os", "name"}) == "windows"; }
};

template <typename List>
std::string JoinQuoted(const List& list) {
  std::string out;
  for (const std::string& one : list) out.append(out.empty() ? "" : ", ").append(api::Quoted(one));
  return out;
}
template <typename List>
std::string Join(const List& list, std::string_view between) {
  std::string out;
  for (const std::string& one : list) out.append(out.empty() ? "" : between).append(one);
  return out;
}
std::string_view Plural(size_t count, std::string_view one, std::string_view many);
// `containers "a", "b"`
std::string Name(const std::vector<std::string>& containers);
// The names of the containers that `is_bad` is true of.
std::vector<std::string> Bad(const Pod& pod,
                             const std::function<bool(const json::Object&)>& is_bad);
// `pod and container "a"`: who has a bad security context of their own.
std::string Setters(const Pod& pod, const std::function<bool(const json::Object&)>& is_bad);
// The names of the containers that add capabilities but those; fills in which.
std::vector<std::string> Adding(const Pod& pod, const std::set<std::string_view>& allowed,
                                Words& added);
// Profiles of seccomp that leave everything open.
Found BadSeccomp(const Pod& pod);

using Check = Found (*)(const Pod&);
struct BaselineCheck {
  Check check;
  int replaced_since = INT_MAX;  // at the restricted level, by one of its own
};
// In the order in which they are told.
std::span<const BaselineCheck> BaselineChecks();
std::span<const Check> RestrictedChecks();

}  // namespace kvplane::admission::pod_security
