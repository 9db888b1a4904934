// Webhook: one entry of a webhook configuration, read; and which requests it wants to hear of.
//
// Thread safety: immutable once read.
//
//   ASSIGN_OR_RETURN(const auto hooks, ReadWebhooks(configuration));
//   const auto match = hooks[0].Match(attributes, labels);
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "admission/match_conditions.h"
#include "api/json.h"
#include "api/label_selector.h"
#include "kinds/kind.h"
#include "registry/admission.h"

namespace kvplane::admission {

// One of the versions that serve a kind.
struct Version {
  std::string group_version;
  const api::Message* message = nullptr;  // null: nothing is known of its members
};

struct WebhookRule {
  std::vector<std::string> operations;
  std::vector<std::string> groups;
  std::vector<std::string> versions;
  std::vector<std::string> resources;  // "pods", "pods/status", "*/*"
  std::string scope;                   // "Cluster", "Namespaced", "*"
  std::vector<std::string> names;      // of objects; empty: of any

  bool Matches(const registry::Attributes& attributes, std::string_view group_version) const;
};

struct Webhook {
  std::string name;
  std::string id;  // unique among all
  std::vector<WebhookRule> rules;
  api::LabelSelector namespaces;
  api::LabelSelector objects;
  bool fails_open = false;  // what cannot be asked does not refuse
  bool takes_equivalent = true;
  bool has_side_effects = false;  // not to be asked of what is not really done
  bool reinvoked = false;
  MatchConditions conditions;
  std::chrono::seconds timeout{10};
  api::json::Object client_config;

  // As which of the kind's versions the request is to be told; none where it is not wanted.
  // `namespace_labels` are null for what lies in no namespace.
  std::optional<Version> Match(const registry::Attributes& attributes,
                               const api::json::Object* namespace_labels) const;

  // The same, whatever the rules say.
  bool MatchesSelectors(const registry::Attributes& attributes,
                        const api::json::Object* namespace_labels) const;

 private:
  bool MatchesObjects(const registry::Attributes& attributes) const;
  std::optional<Version> MatchRules(const registry::Attributes& attributes) const;
};

// The version that a request asked for.
std::string_view AskedVersion(const registry::Attributes& attributes);

// Reads what says which requests a webhook or a policy hears of: the rules of that name, selectors,
// and whether equivalent versions count.
absl::Status ReadMatching(const api::json::Object& document, std::string_view rules, Webhook& out);

// Of a ValidatingWebhookConfiguration or a MutatingWebhookConfiguration.
absl::StatusOr<std::vector<Webhook>> ReadWebhooks(const api::json::Object& configuration);

}  // namespace kvplane::admission
