// AuditPolicy: which requests the audit log tells of, and how much of each: a Policy of
// audit.k8s.io/v1, whose first rule that matches decides. What no rule matches is not told of.
//
// Thread safety: immutable.
//
//   ASSIGN_OR_RETURN(const AuditPolicy policy, AuditPolicy::Read(yaml));
//   const AuditDecision decision = policy.Decide(user, RequestInfo::Of(request));
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/request_info.h"
#include "registry/user.h"

namespace kvplane::auth {

// Each tells what those before it do, and more: that there was a request, its body, the answer's.
enum class AuditLevel { kNone, kMetadata, kRequest, kRequestResponse };
std::string_view NameOf(AuditLevel level);

inline constexpr std::string_view kRequestReceived = "RequestReceived";
inline constexpr std::string_view kResponseStarted = "ResponseStarted";  // of watches
inline constexpr std::string_view kResponseComplete = "ResponseComplete";

struct AuditDecision {
  AuditLevel level = AuditLevel::kNone;
  std::set<std::string, std::less<>> omitted_stages;
  bool omits_managed_fields = false;

  bool Tells(std::string_view stage) const {
    return level != AuditLevel::kNone && !omitted_stages.contains(stage);
  }
};

class AuditPolicy {
 public:
  // Without a file: every request once it is answered, without bodies.
  AuditPolicy();
  // Of YAML or JSON; an error names the field and what it may be.
  static absl::StatusOr<AuditPolicy> Read(std::string_view text);

  // `user` has no name where nobody was found out: no rule for users or groups matches then.
  AuditDecision Decide(const registry::User& user, const apiserver::RequestInfo& request) const;

 private:
  friend class PolicyReader;

  struct Resources {
    std::string group;
    std::vector<std::string> resources;  // "pods", "pods/log", "*", "*/status", "pods/*"
    std::vector<std::string> names;

    bool Match(const apiserver::RequestInfo& request) const;
  };
  struct Rule {
    AuditLevel level = AuditLevel::kNone;
    std::vector<std::string> users;
    std::vector<std::string> groups;
    std::vector<std::string> verbs;
    std::vector<Resources> resources;
    std::vector<std::string> namespaces;  // "": of what lies in none
    std::vector<std::string> paths;       // "/healthz", "/api*", "*"
    std::set<std::string, std::less<>> omitted_stages;
    std::optional<bool> omits_managed_fields;

    bool Match(const registry::User& user, const apiserver::RequestInfo& request) const;
  };

  std::vector<Rule> rules_;
  std::set<std::string, std::less<>> omitted_stages_;
  bool omits_managed_fields_ = false;
};

}  // namespace kvplane::auth
