#include <algorithm>
#include <set>
#include <string>

#include "base/strings.h"
#include "kinds/admission_expression.h"
#include "kinds/spec_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

void CheckRules(const json::Object& webhook, const std::string& at, FieldErrors& errors) {
  size_t index = 0;
  ForEach(webhook, {"rules"}, [&](const json::Object& rule) {
    const std::string field = Concat(at, ".rules[", index++, "]");
    for (const std::string_view list : {"operations", "apiGroups", "apiVersions", "resources"}) {
      const json::Array* held = FindArray(rule, {list});
      if (held == nullptr || held->empty()) {
        errors.push_back(Required(Concat(field, ".", list), ""));
      }
    }
    if (const json::Array* operations = FindArray(rule, {"operations"})) {
      for (size_t i = 0; i < operations->size(); ++i) {
        static const std::set<std::string> kKnown{"*", "CONNECT", "CREATE", "DELETE", "UPDATE"};
        if (kKnown.contains(Plain((*operations)[i]))) continue;
        errors.push_back(NotSupported(Concat(field, ".operations[", i, "]"), (*operations)[i],
                                      {"*", "CONNECT", "CREATE", "DELETE", "UPDATE"}));
      }
    }
  });
}

void CheckWebhook(const json::Object& webhook, const std::string& at, FieldErrors& errors) {
  const std::string_view name = Text(webhook, {"name"});
  if (name.empty()) {
    errors.push_back(Required(at + ".name", ""));
  } else if (std::count(name.begin(), name.end(), '.') < 2) {
    errors.push_back(Invalid(at + ".name", json::ToBoost(name),
                             "should be a domain with at least three segments separated by dots"));
  }
  const std::string_view effects = Text(webhook, {"sideEffects"});
  if (effects.empty()) {
    errors.push_back(Required(at + ".sideEffects", "must specify one of None, NoneOnDryRun"));
  } else if (effects != "None" && effects != "NoneOnDryRun") {
    errors.push_back(
        NotSupported(at + ".sideEffects", json::ToBoost(effects), {"None", "NoneOnDryRun"}));
  }
  const int64_t timeout = Integer(webhook, {"timeoutSeconds"}, 10);
  if (timeout < 1 || timeout > 30) {
    errors.push_back(Invalid(at + ".timeoutSeconds", timeout,
                             "the timeout value must be between 1 and 30 seconds"));
  }
  const json::Array* versions = FindArray(webhook, {"admissionReviewVersions"});
  const bool known =
      versions != nullptr && std::any_of(versions->begin(), versions->end(),
                                         [](const json::Value& one) { return Plain(one) == "v1"; });
  if (versions == nullptr || versions->empty()) {
    errors.push_back(Required(at + ".admissionReviewVersions", "must specify one of v1"));
  } else if (!known) {
    errors.push_back(
        Invalid(at + ".admissionReviewVersions", *versions, "must include at least one of v1"));
  }
  ValidateMatchConditions(webhook, /*params=*/false, at + ".matchConditions", errors);
  const json::Object* client = FindObject(webhook, {"clientConfig"});
  ValidateClientConfig(client == nullptr ? json::Object() : *client, at + ".clientConfig", errors);
  CheckRules(webhook, at, errors);
}

}  // namespace

void ValidateClientConfig(const json::Object& config, const std::string& field,
                          FieldErrors& errors) {
  const std::string_view url = Text(config, {"url"});
  const json::Object* service = FindObject(config, {"service"});
  if (url.empty() == (service == nullptr)) {
    errors.push_back(Required(field, "exactly one of url or service is required"));
  } else if (service == nullptr) {
    if (!url.starts_with("https://")) {
      errors.push_back(Invalid(field + ".url", json::ToBoost(url),
                               "'https' is the only allowed URL scheme; desired format: "
                               "https://host[/path]"));
    } else if (url.size() == std::string_view("https://").size()) {
      errors.push_back(Invalid(field + ".url", json::ToBoost(url),
                               "host must be specified; desired format: https://host[/path]"));
    } else if (url.find_first_of("?#@") != std::string_view::npos) {
      errors.push_back(Invalid(field + ".url", json::ToBoost(url),
                               "query parameters, fragments and user information are not "
                               "permitted; desired format: https://host[/path]"));
    }
  } else {
    for (const std::string_view name : {"name", "namespace"}) {
      if (!Text(*service, {name}).empty()) continue;
      errors.push_back(
          Required(Concat(field, ".service.", name), Concat("service ", name, " is required")));
    }
    const std::string_view path = Text(*service, {"path"});
    if (!path.empty() && path[0] != '/') {
      errors.push_back(
          Invalid(field + ".service.path", json::ToBoost(path), "must start with a '/'"));
    }
  }
}

void ValidateWebhooks(const json::Object& object, const json::Object* /*current*/,
                      FieldErrors& errors) {
  size_t index = 0;
  std::set<std::string> names;
  ForEach(object, {"webhooks"}, [&](const json::Object& webhook) {
    const std::string at = Concat("webhooks[", index++, "]");
    const std::string name(Text(webhook, {"name"}));
    if (!name.empty() && !names.insert(name).second) {
      errors.push_back(Duplicate(at + ".name", json::ToBoost(name)));
    }
    CheckWebhook(webhook, at, errors);
  });
}

}  // namespace kvplane::kinds
