#include "kinds/kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>
#include <utility>

#include "base/strings.h"
#include "kinds/definition.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

// What differs from the rule for a kind: /registry/PLURAL/, its newest version, no generation.
struct Exception {
  std::string_view group;
  std::string_view plural;
  std::string_view prefix;
  std::string_view group_version;  // where several are served, the one that stores
  bool counts_generations = false;
  bool creates_on_update = false;
  std::string_view generation_of = "spec";
};

constexpr Exception kExceptions[] = {
    {"", "nodes", "/registry/minions/"},
    {"", "services", "/registry/services/specs/", "", false, true},
    {"", "endpoints", "/registry/services/endpoints/", "", false, true},
    {"", "replicationcontrollers", "/registry/controllers/", "", true},
    {"", "pods", "", "", true},
    {"", "events", "", "v1", false, true},
    {"", "limitranges", "", "", false, true},
    {"", "podtemplates", "", "", true, true, "template"},
    {"events.k8s.io", "events", "/registry/events/", "v1", false, true},
    {"apps", "deployments", "", "", true},
    {"apps", "replicasets", "", "", true},
    {"apps", "statefulsets", "", "", true},
    {"apps", "daemonsets", "", "", true},
    {"batch", "jobs", "", "", true},
    {"batch", "cronjobs", "", "", true},
    {"autoscaling", "horizontalpodautoscalers", "", "autoscaling/v2"},
    {"networking.k8s.io", "ingresses", "/registry/ingress/", "", true},
    {"networking.k8s.io", "ingressclasses", "", "", true},
    {"networking.k8s.io", "networkpolicies", "", "", true},
    {"policy", "poddisruptionbudgets", "", "", true},
    {"coordination.k8s.io", "leases", "", "", false, true},
    {"discovery.k8s.io", "endpointslices", "", "", true, false, "endpoints"},
    {"apiextensions.k8s.io", "customresourcedefinitions",
     "/registry/apiextensions.k8s.io/customresourcedefinitions/", "", true},
    {"apiregistration.k8s.io", "apiservices", "/registry/apiregistration.k8s.io/apiservices/"},
    {"admissionregistration.k8s.io", "mutatingwebhookconfigurations", "", "", true, false,
     "webhooks"},
    {"admissionregistration.k8s.io", "validatingwebhookconfigurations", "", "", true, false,
     "webhooks"},
    {"admissionregistration.k8s.io", "validatingadmissionpolicies", "", "", true},
    {"admissionregistration.k8s.io", "validatingadmissionpolicybindings", "", "", true},
    {"admissionregistration.k8s.io", "mutatingadmissionpolicies", "", "", true},
    {"admissionregistration.k8s.io", "mutatingadmissionpolicybindings", "", "", true},
    {"flowcontrol.apiserver.k8s.io", "flowschemas", "", "", true},
    {"flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "", "", true},
    {"rbac.authorization.k8s.io", "roles", "", "", false, true},
    {"rbac.authorization.k8s.io", "rolebindings", "", "", false, true},
    {"rbac.authorization.k8s.io", "clusterroles", "", "", false, true},
    {"rbac.authorization.k8s.io", "clusterrolebindings", "", "", false, true},
    {"scheduling.k8s.io", "priorityclasses", "", "", true, false, "value"},
    {"resource.k8s.io", "deviceclasses", "", "", true},
    {"resource.k8s.io", "resourceslices", "", "", true},
};

const Exception* FindException(const api::Resource& resource) {
  for (const Exception& exception : kExceptions) {
    if (exception.group == resource.group && exception.plural == resource.plural) {
      return &exception;
    }
  }
  return nullptr;
}

// "v1" and "v2", not "v1beta1": what is not stable is off where nobody asks for it.
bool IsStable(std::string_view version) {
  return version.size() > 1 && version[0] == 'v' &&
         std::all_of(version.begin() + 1, version.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool IsStored(const api::Resource& resource) {
  return resource.message != nullptr &&
         std::find(resource.verbs.begin(), resource.verbs.end(), "get") != resource.verbs.end() &&
         resource.plural != "componentstatuses";
}

Kind MakeKind(const api::Schema& schema, const api::Resource& resource) {
  const Exception none{};
  const Exception* exception = FindException(resource);
  if (exception == nullptr) exception = &none;
  Kind kind;
  kind.plural = resource.plural;
  kind.name = resource.kind;
  kind.group_version =
      exception->group_version.empty() ? resource.group_version : exception->group_version;
  kind.group = GroupOf(kind.group_version);
  kind.prefix = exception->prefix.empty() ? Concat("/registry/", resource.plural, "/")
                                          : std::string(exception->prefix);
  kind.namespaced = resource.namespaced;
  kind.has_status = std::any_of(resource.subresources.begin(), resource.subresources.end(),
                                [](const api::Subresource& sub) { return sub.name == "status"; });
  kind.counts_generations = exception->counts_generations;
  kind.creates_on_update = exception->creates_on_update;
  kind.graceful = resource.group.empty() && resource.plural == "pods";
  kind.generation_of = exception->generation_of;
  kind.message = schema.FindMessage(kind.group_version, kind.name);
  return kind;
}

}  // namespace

std::string_view GroupOf(std::string_view group_version) {
  const size_t slash = group_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : group_version.substr(0, slash);
}

std::string_view VersionOf(std::string_view group_version) {
  const size_t slash = group_version.find('/');
  return slash == std::string_view::npos ? group_version : group_version.substr(slash + 1);
}

namespace {

// Stable (2), beta (1) or alpha (0), and its numbers; nothing for a version of another form.
using Maturity = std::tuple<int, int, int>;

bool ReadVersion(std::string_view version, Maturity& out) {
  const auto number = [&version]() {
    const size_t end = std::min(version.find_first_not_of("0123456789"), version.size());
    int value = 0;
    if (end == 0 || end > 8) return -1;
    for (const char digit : version.substr(0, end)) value = value * 10 + (digit - '0');
    version.remove_prefix(end);
    return value;
  };
  if (!version.starts_with('v')) return false;
  version.remove_prefix(1);
  const int major = number();
  if (major < 0) return false;
  if (version.empty()) {
    out = {2, major, 0};
    return true;
  }
  const bool beta = version.starts_with("beta");
  if (!beta && !version.starts_with("alpha")) return false;
  version.remove_prefix(beta ? 4 : 5);
  const int minor = number();
  out = {beta ? 1 : 0, major, minor};
  return minor >= 0 && version.empty();
}

}  // namespace

bool IsPreferredVersion(std::string_view version, std::string_view other) {
  Maturity one;
  Maturity two;
  const bool known = ReadVersion(version, one);
  if (known != ReadVersion(other, two)) return known;
  return known ? one > two : version < other;
}

void Kinds::Add(const Served& served) {
  own_served_.push_back(served);
  const Served& kept = own_served_.back();
  served_.push_back(kept);
  const api::Resource& resource = *kept.resource;
  by_plural_[Concat(resource.group_version, ' ', resource.plural)] = &kept;
  by_kind_[Concat(resource.group_version, ' ', resource.kind)] = &kept;
}

void Kinds::AddBuiltIn(const api::Schema& schema) {
  absl::flat_hash_map<std::string, const Kind*> by_prefix;
  for (const api::Resource& resource : schema.resources()) {
    if (!IsStable(VersionOf(resource.group_version))) continue;
    Served served{.resource = &resource};
    if (IsStored(resource)) {
      Kind kind = MakeKind(schema, resource);
      const Kind*& known = by_prefix[kind.prefix];
      if (known == nullptr) {
        known = &own_kinds_.emplace_back(std::move(kind));
        kinds_.push_back(*known);
      }
      served.kind = known;
    }
    Add(served);
  }
}

void Kinds::AddDefined(const std::shared_ptr<const Definition>& definition) {
  for (const auto& version : definition->versions()) {
    if (Find(version->group_version, definition->plural()) != nullptr) return;
  }
  for (const auto& version : definition->versions()) {
    if (!version->served && version.get() != &definition->storage()) continue;
    own_kinds_.push_back(definition->KindOf(definition, *version));
    const Kind& kind = own_kinds_.back();
    if (version.get() == &definition->storage()) {
      kinds_.push_back(kind);
      by_prefix_[kind.prefix] = &kind;
    }
    if (!version->served) continue;
    own_resources_.push_back(definition->ResourceOf(*version));
    Add({&kind, &own_resources_.back()});
  }
}

const Kinds& Kinds::BuiltIn() {
  static const Kinds* const kinds = [] {
    auto* made = new Kinds();
    made->AddBuiltIn(api::Schema::Kubernetes());
    return made;
  }();
  return *kinds;
}

std::shared_ptr<const Kinds> Kinds::With(
    std::vector<std::shared_ptr<const Definition>> definitions) {
  const std::shared_ptr<Kinds> kinds(new Kinds());
  const Kinds& built_in = BuiltIn();
  kinds->kinds_ = built_in.kinds_;
  kinds->served_ = built_in.served_;
  kinds->by_plural_ = built_in.by_plural_;
  kinds->by_kind_ = built_in.by_kind_;
  for (const auto& definition : definitions) kinds->AddDefined(definition);
  kinds->definitions_ = std::move(definitions);
  return kinds;
}

const Served* Kinds::Find(std::string_view group_version, std::string_view plural) const {
  const auto found = by_plural_.find(Concat(group_version, ' ', plural));
  return found == by_plural_.end() ? nullptr : found->second;
}

const Served* Kinds::FindKind(std::string_view group_version, std::string_view kind) const {
  const auto found = by_kind_.find(Concat(group_version, ' ', kind));
  return found == by_kind_.end() ? nullptr : found->second;
}

const Kind* Kinds::FindPrefix(std::string_view prefix) const {
  const auto found = by_prefix_.find(std::string(prefix));
  return found == by_prefix_.end() ? nullptr : found->second;
}

}  // namespace kvplane::kinds
