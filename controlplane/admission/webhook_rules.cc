#include "admission/webhook_rules.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

namespace json = api::json;
using kinds::Text;
using kvshim::base::Concat;
using registry::Attributes;

bool Has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}
bool HasOrAll(const std::vector<std::string>& list, std::string_view word) {
  return Has(list, "*") || Has(list, word);
}

std::vector<std::string> TextsOf(const json::Object& object, std::string_view name) {
  std::vector<std::string> out;
  if (const json::Array* list = kinds::FindArray(object, {name})) {
    for (const json::Value& one : *list) out.push_back(kinds::Plain(one));
  }
  return out;
}

absl::StatusOr<api::LabelSelector> SelectorOf(const json::Object& webhook, std::string_view name) {
  const json::Value* selector = json::Find(webhook, name);
  if (selector == nullptr) return api::LabelSelector();
  return api::LabelSelector::FromJson(*selector);
}

bool Selects(const api::LabelSelector& selector, const json::Object* object) {
  static const json::Object kNone;
  if (object == nullptr) return false;
  const json::Object* labels = kinds::FindObject(*object, {"metadata", "labels"});
  return selector.Matches(labels == nullptr ? kNone : *labels);
}

}  // namespace

std::string_view AskedVersion(const Attributes& attributes) {
  return attributes.requester.group_version.empty()
             ? std::string_view(attributes.kind->group_version)
             : attributes.requester.group_version;
}

bool WebhookRule::Matches(const Attributes& attributes, std::string_view group_version) const {
  if (!HasOrAll(operations, registry::NameOf(attributes.operation))) return false;
  if (!HasOrAll(groups, kinds::GroupOf(group_version)) ||
      !HasOrAll(versions, kinds::VersionOf(group_version))) {
    return false;
  }
  // A namespace is itself of the cluster's scope, though a request names it as its namespace.
  const bool namespaced = attributes.kind->namespaced;
  if (scope == "Namespaced" && !namespaced) return false;
  if (scope == "Cluster" && namespaced) return false;
  if (!names.empty() && !Has(names, attributes.name)) return false;
  const std::string_view part = attributes.subresource;
  return std::any_of(resources.begin(), resources.end(), [&](const std::string& resource) {
    const size_t slash = resource.find('/');
    const std::string_view name = std::string_view(resource).substr(0, slash);
    const std::string_view wanted = slash == std::string::npos
                                        ? std::string_view()
                                        : std::string_view(resource).substr(slash + 1);
    return (name == "*" || name == attributes.kind->plural) && (wanted == "*" || wanted == part);
  });
}

bool Webhook::MatchesObjects(const Attributes& attributes) const {
  if (objects.MatchesEverything()) return true;
  return Selects(objects, attributes.object()) || Selects(objects, attributes.old);
}

std::optional<Version> Webhook::MatchRules(const Attributes& attributes) const {
  const auto wants = [&](std::string_view group_version) {
    return std::any_of(rules.begin(), rules.end(), [&](const WebhookRule& rule) {
      return rule.Matches(attributes, group_version);
    });
  };
  const kinds::Kind& kind = *attributes.kind;
  const std::string_view asked = AskedVersion(attributes);
  if (wants(asked)) {
    const kinds::Served* served = kinds::Kinds::BuiltIn().Find(asked, kind.plural);
    const bool stored = asked == kind.group_version;
    return Version{std::string(asked),
                   stored || served == nullptr ? kind.message : served->resource->message};
  }
  if (!takes_equivalent) return std::nullopt;
  for (const kinds::Served& served : kinds::Kinds::BuiltIn().served()) {
    if (served.kind == &kind && wants(served.resource->group_version)) {
      return Version{std::string(served.resource->group_version), served.resource->message};
    }
  }
  return std::nullopt;
}

std::optional<Version> Webhook::Match(const Attributes& attributes,
                                      const json::Object* namespace_labels) const {
  return MatchesSelectors(attributes, namespace_labels) ? MatchRules(attributes) : std::nullopt;
}

bool Webhook::MatchesSelectors(const Attributes& attributes,
                               const json::Object* namespace_labels) const {
  if (namespace_labels != nullptr && !namespaces.Matches(*namespace_labels)) return false;
  return MatchesObjects(attributes);
}

absl::Status ReadMatching(const json::Object& document, std::string_view rules, Webhook& out) {
  kinds::ForEach(document, {rules}, [&](const json::Object& rule) {
    out.rules.push_back({.operations = TextsOf(rule, "operations"),
                         .groups = TextsOf(rule, "apiGroups"),
                         .versions = TextsOf(rule, "apiVersions"),
                         .resources = TextsOf(rule, "resources"),
                         .scope = std::string(Text(rule, {"scope"})),
                         .names = TextsOf(rule, "resourceNames")});
  });
  ASSIGN_OR_RETURN(out.namespaces, SelectorOf(document, "namespaceSelector"));
  ASSIGN_OR_RETURN(out.objects, SelectorOf(document, "objectSelector"));
  out.takes_equivalent = Text(document, {"matchPolicy"}) != "Exact";
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Webhook>> ReadWebhooks(const json::Object& configuration) {
  std::vector<Webhook> webhooks;
  absl::Status status;
  const auto read = [&](const json::Object& document) -> absl::Status {
    Webhook webhook{.name = std::string(Text(document, {"name"}))};
    webhook.id =
        Concat(Text(configuration, {"metadata", "name"}), "/", webhook.name, "/", webhooks.size());
    RETURN_IF_ERROR(ReadMatching(document, "rules", webhook));
    webhook.fails_open = Text(document, {"failurePolicy"}) == "Ignore";
    webhook.conditions = MatchConditions::Read(document, /*params=*/false);
    const std::string_view effects = Text(document, {"sideEffects"});
    webhook.has_side_effects = effects != "None" && effects != "NoneOnDryRun";
    webhook.reinvoked = Text(document, {"reinvocationPolicy"}) == "IfNeeded";
    webhook.timeout = std::chrono::seconds(kinds::Integer(document, {"timeoutSeconds"}, 10));
    if (const json::Object* config = kinds::FindObject(document, {"clientConfig"})) {
      webhook.client_config = *config;
    }
    webhooks.push_back(std::move(webhook));
    return absl::OkStatus();
  };
  kinds::ForEach(configuration, {"webhooks"}, [&](const json::Object& document) {
    if (status.ok()) status = read(document);
  });
  RETURN_IF_ERROR(status);
  return webhooks;
}

}  // namespace kvplane::admission
