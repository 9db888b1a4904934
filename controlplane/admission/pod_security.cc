// PodSecurity: a namespace's labels say which of the Pod Security Standards its pods are held to:
// enforced, told in the audit log, and warned of, for what makes pods as well.
#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "admission/pod_security_checks.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/field_error.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::admission {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kPrefix = "pod-security.kubernetes.io/";
constexpr size_t kMostPods = 3000;
constexpr std::chrono::seconds kLongest{1};

struct Policy {
  Standard enforce;
  Standard audit;
  Standard warn;
  kinds::FieldErrors errors;

  bool HoldsToNothing() const {
    return enforce.level == Level::kPrivileged && audit.level == Level::kPrivileged &&
           warn.level == Level::kPrivileged;
  }
};

std::optional<Level> ReadLevel(std::string_view text) {
  if (text == "privileged") return Level::kPrivileged;
  if (text == "baseline") return Level::kBaseline;
  if (text == "restricted") return Level::kRestricted;
  return std::nullopt;
}

std::optional<int> ReadVersion(std::string_view text) {
  if (text == "latest") return kLatest;
  if (!text.starts_with("v1.")) return std::nullopt;
  text.remove_prefix(3);
  const bool digits =
      !text.empty() && text.size() < 6 && (text == "0" || text[0] != '0') &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  return std::stoi(std::string(text));
}

// Whether the mode has a label of its own. What cannot be read enforces the most, and tells
// nothing.
bool ReadMode(const json::Object& labels, std::string_view mode, Standard& standard,
              kinds::FieldErrors& errors) {
  const std::string level_key = Concat(kPrefix, mode);
  const std::string version_key = Concat(level_key, "-version");
  const json::Value* level = json::Find(labels, level_key);
  const json::Value* version = json::Find(labels, version_key);
  const auto refuse = [&](const std::string& key, const json::Value& value,
                          std::string_view detail) {
    errors.push_back(kinds::Invalid(Concat("metadata.labels[", key, "]"), value, detail));
  };
  if (level != nullptr) {
    const auto read = ReadLevel(kinds::Plain(*level));
    standard.level = read.value_or(mode == "enforce" ? Level::kRestricted : Level::kPrivileged);
    if (!read) refuse(level_key, *level, "must be one of privileged, baseline, restricted");
  }
  if (version != nullptr) {
    const auto read = ReadVersion(kinds::Plain(*version));
    standard.version = read.value_or(kLatest);
    if (!read) refuse(version_key, *version, "must be \"latest\" or \"v1.x\"");
  }
  return level != nullptr || version != nullptr;
}

Policy PolicyOf(const json::Object& labels) {
  Policy policy;
  ReadMode(labels, "enforce", policy.enforce, policy.errors);
  ReadMode(labels, "audit", policy.audit, policy.errors);
  const bool warns = ReadMode(labels, "warn", policy.warn, policy.errors);
  // What would be refused of pods is warned of where their templates are written.
  if (!warns && policy.enforce.level > policy.warn.level) policy.warn = policy.enforce;
  return policy;
}

const json::Object& LabelsOf(const json::Object& object) {
  static const json::Object kNone;
  const json::Object* labels = kinds::FindObject(object, {"metadata", "labels"});
  return labels == nullptr ? kNone : *labels;
}

// Where the pod's specification and metadata stand in an object of a kind; null where there is
// none.
const json::Object* TemplateOf(const Attributes& attributes) {
  const json::Object& object = *attributes.object();
  if (attributes.Is("", "pods")) return &object;
  if (attributes.Is("", "podtemplates")) return kinds::FindObject(object, {"template"});
  if (attributes.Is("batch", "cronjobs")) {
    return kinds::FindObject(object, {"spec", "jobTemplate", "spec", "template"});
  }
  return kinds::FindObject(object, {"spec", "template"});
}

bool MakesPods(const Attributes& attributes) {
  const std::string_view group = attributes.kind->group;
  const std::string_view plural = attributes.kind->plural;
  if (group.empty()) return plural == "replicationcontrollers" || plural == "podtemplates";
  if (group == "apps") {
    return plural == "deployments" || plural == "replicasets" || plural == "statefulsets" ||
           plural == "daemonsets";
  }
  return group == "batch" && (plural == "jobs" || plural == "cronjobs");
}

std::vector<std::pair<std::string, std::string>> ImagesOf(const json::Object& pod,
                                                          std::string_view list) {
  std::vector<std::pair<std::string, std::string>> images;
  kinds::ForEach(pod, {"spec", list}, [&](const json::Object& container) {
    images.emplace_back(Text(container, {"name"}), Text(container, {"image"}));
  });
  return images;
}

// Only what may be changed of a pod and matters here: images, and what is added.
bool IsSignificant(const json::Object& pod, const json::Object& old) {
  for (const std::string_view list : {"containers", "initContainers", "ephemeralContainers"}) {
    if (ImagesOf(pod, list) != ImagesOf(old, list)) return true;
  }
  return false;
}

const json::Object& Part(const json::Object& pod, std::string_view name) {
  static const json::Object kNone;
  const json::Object* part = kinds::FindObject(pod, {name});
  return part == nullptr ? kNone : *part;
}

std::vector<Violation> Check(const Standard& standard, const json::Object& pod) {
  return CheckPod(standard, Part(pod, "metadata"), Part(pod, "spec"));
}

class PodSecurity : public Plugin {
 public:
  explicit PodSecurity(registry::Registry& registry) : registry_(registry) {}

  bool Handles(const Attributes& attributes) const override {
    if (!attributes.IsCreate() && !attributes.IsUpdate()) return false;
    const std::string_view part = attributes.subresource;
    if (attributes.Is("", "pods")) {
      return part.empty() || part == "ephemeralcontainers" || part == "resize";
    }
    return part.empty() && (attributes.Is("", "namespaces") || MakesPods(attributes));
  }

  absl::Status Validate(const Attributes& attributes) override {
    if (attributes.Is("", "namespaces")) return CheckNamespace(attributes);
    ASSIGN_OR_RETURN(const json::Object labels,
                     LabelsOfNamespace(registry_, attributes.name_space));
    const Policy policy = PolicyOf(labels);
    if (policy.HoldsToNothing()) return absl::OkStatus();
    const bool is_pod = attributes.Is("", "pods");
    const json::Object* pod = TemplateOf(attributes);
    if (pod == nullptr) return absl::OkStatus();
    if (is_pod && attributes.old != nullptr && !IsSignificant(*pod, *attributes.old)) {
      return absl::OkStatus();
    }
    return Evaluate(attributes, policy, *pod, is_pod);
  }

 private:
  static absl::Status Evaluate(const Attributes& attributes, const Policy& policy,
                               const json::Object& pod, bool enforce) {
    absl::Status refusal;
    if (enforce) {
      const auto violations = Check(policy.enforce, pod);
      attributes.Annotate("pod-security.kubernetes.io/enforce-policy", policy.enforce.ToString());
      if (!violations.empty()) {
        refusal = registry::Refuse(attributes,
                                   Concat("violates PodSecurity \"", policy.enforce.ToString(),
                                          "\": ", Details(violations)));
      }
    }
    if (const auto violations = Check(policy.audit, pod); !violations.empty()) {
      attributes.Annotate("pod-security.kubernetes.io/audit-violations",
                          Concat("would violate PodSecurity \"", policy.audit.ToString(),
                                 "\": ", Details(violations)));
    }
    if (!refusal.ok()) return refusal;
    if (const auto violations = Check(policy.warn, pod); !violations.empty()) {
      attributes.Warn(Concat("would violate PodSecurity \"", policy.warn.ToString(),
                             "\": ", Details(violations)));
    }
    return absl::OkStatus();
  }

  absl::Status CheckNamespace(const Attributes& attributes) {
    const json::Object& object = *attributes.object();
    const Policy policy = PolicyOf(LabelsOf(object));
    if (attributes.old == nullptr) {
      if (policy.errors.empty()) return absl::OkStatus();
      return registry::Invalid(*attributes.kind, Text(object, {"metadata", "name"}), policy.errors);
    }
    const Policy old = PolicyOf(LabelsOf(*attributes.old));
    const bool same_errors =
        std::equal(policy.errors.begin(), policy.errors.end(), old.errors.begin(), old.errors.end(),
                   [](const auto& a, const auto& b) { return a.ToString() == b.ToString(); });
    if (!policy.errors.empty() && !same_errors) {
      return registry::Invalid(*attributes.kind, attributes.name, policy.errors);
    }
    const Standard& now = policy.enforce;
    if (now == old.enforce || now.level == Level::kPrivileged) return absl::OkStatus();
    if (now.version == old.enforce.version && now.level <= old.enforce.level) {
      return absl::OkStatus();
    }
    return WarnOfPods(attributes, now);
  }

  // Which pods there are that could not be made any more.
  absl::Status WarnOfPods(const Attributes& attributes, const Standard& standard) {
    ASSIGN_OR_RETURN(const auto pods,
                     ListCached(registry_, BuiltIn("v1", "pods"), attributes.name));
    struct Pods {
      std::string first;
      size_t count = 0;
    };
    std::map<std::string, Pods> by_reason;
    const auto deadline = std::chrono::steady_clock::now() + kLongest;
    size_t checked = 0;
    for (const auto& object : pods) {
      if (checked == kMostPods || std::chrono::steady_clock::now() > deadline) break;
      ++checked;
      const json::Object pod = object->Parse();
      const auto violations = Check(standard, pod);
      if (violations.empty()) continue;
      Pods& of = by_reason[Reasons(violations)];
      if (of.count++ == 0) of.first = Text(pod, {"metadata", "name"});
    }
    if (checked < pods.size()) {
      attributes.Warn(Concat("new PodSecurity enforce level only checked against the first ",
                             checked, " of ", pods.size(), " existing pods"));
    }
    if (by_reason.empty()) return absl::OkStatus();
    attributes.Warn(Concat("existing pods in namespace \"", attributes.name,
                           "\" violate the new PodSecurity enforce level \"", standard.ToString(),
                           "\""));
    std::vector<std::string> warnings;
    for (const auto& [reason, of] : by_reason) {
      const std::string others = of.count == 1   ? ""
                                 : of.count == 2 ? " (and 1 other pod)"
                                                 : Concat(" (and ", of.count - 1, " other pods)");
      warnings.push_back(Concat(of.first, others, ": ", reason));
    }
    std::sort(warnings.begin(), warnings.end());
    for (std::string& warning : warnings) attributes.Warn(std::move(warning));
    return absl::OkStatus();
  }

  registry::Registry& registry_;
};

}  // namespace

std::unique_ptr<Plugin> MakePodSecurity(registry::Registry& registry) {
  return std::make_unique<PodSecurity>(registry);
}

}  // namespace kvplane::admission
