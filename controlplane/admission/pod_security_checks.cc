#include "admission/pod_security_checks.h"

#include <string_view>
#include <utility>

#include "admission/pod_security_terms.h"
#include "base/strings.h"

namespace kvplane::admission {

namespace json = api::json;
using kvshim::base::Concat;

std::string Standard::ToString() const {
  const std::string_view name = level == Level::kPrivileged ? "privileged"
                                : level == Level::kBaseline ? "baseline"
                                                            : "restricted";
  if (version == kLatest) return Concat(name, ":latest");
  return Concat(name, ":v1.", version);
}

std::vector<Violation> CheckPod(const Standard& standard, const json::Object& metadata,
                                const json::Object& spec) {
  std::vector<Violation> violations;
  if (standard.level == Level::kPrivileged) return violations;
  const pod_security::Pod pod{metadata, spec, standard.version};
  const auto run = [&](pod_security::Check check) {
    if (pod_security::Found found = check(pod)) violations.push_back(*std::move(found));
  };
  const bool restricted = standard.level == Level::kRestricted;
  for (const pod_security::BaselineCheck& one : pod_security::BaselineChecks()) {
    if (!restricted || standard.version < one.replaced_since) run(one.check);
  }
  if (restricted) {
    for (const pod_security::Check check : pod_security::RestrictedChecks()) run(check);
  }
  return violations;
}

std::string Details(const std::vector<Violation>& violations) {
  std::string out;
  for (const Violation& one : violations)
    out.append(out.empty() ? "" : ", ").append(one.ToString());
  return out;
}

std::string Reasons(const std::vector<Violation>& violations) {
  std::string out;
  for (const Violation& one : violations) out.append(out.empty() ? "" : ", ").append(one.reason);
  return out;
}

}  // namespace kvplane::admission
