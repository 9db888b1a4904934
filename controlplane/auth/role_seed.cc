#include "auth/role_seed.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "api/canonical.h"
#include "api/json_equal.h"
#include "auth/default_roles.h"
#include "auth/members.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/kind.h"
#include "registry/failure.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using kvshim::base::Concat;

constexpr std::string_view kGroupVersion = "rbac.authorization.k8s.io/v1";
constexpr std::string_view kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

bool IsLeftAlone(const json::Object& current) {
  const json::Value* metadata = json::Find(current, "metadata");
  return metadata != nullptr && metadata->is_object() &&
         TextAt(metadata->get_object(), "annotations", kAutoUpdate) == "false";
}

// Adds to the list what it lacks of the wanted one; returns whether it lacked anything.
bool AddMissing(json::Object& current, const json::Object& wanted, std::string_view list) {
  const json::Value* from = json::Find(wanted, list);
  if (from == nullptr || !from->is_array()) return false;
  json::Value& to = current[json::ToBoost(list)];
  if (!to.is_array()) to = json::Array();
  bool added = false;
  for (const json::Value& item : from->get_array()) {
    const json::Array& held = to.get_array();
    const bool there = std::any_of(held.begin(), held.end(), [&item](const json::Value& one) {
      return api::JsonEqual(one, item);
    });
    if (there) continue;
    to.get_array().push_back(item);
    added = true;
  }
  return added;
}

absl::Status Seed(registry::Registry& registry, const json::Object& wanted) {
  const std::string kind_name(json::View(wanted.at("kind").as_string()));
  const kinds::Served* served = kinds::Kinds::BuiltIn().FindKind(kGroupVersion, kind_name);
  if (served == nullptr) return absl::InternalError(Concat("the schema knows no ", kind_name));
  const kinds::Kind& kind = *served->kind;
  const std::string ns = TextAt(wanted, "metadata", "namespace");
  const std::string name = TextAt(wanted, "metadata", "name");
  ASSIGN_OR_RETURN(json::Value canonical, api::Canonicalize(*kind.message, wanted));
  const json::Object& document = canonical.get_object();
  absl::StatusOr<json::Object> held = registry.Get(kind, ns, name);
  if (!held.ok() && registry::HasReason(held.status(), "NotFound")) {
    held = registry.Create(kind, ns, document, {});
    // Another server was first: its defaults are ours.
    if (!held.ok() && registry::HasReason(held.status(), "AlreadyExists")) return absl::OkStatus();
    return held.status();
  }
  RETURN_IF_ERROR(held.status());
  const auto complete = [&document](json::Object& object) {
    const bool rules = AddMissing(object, document, "rules");
    return AddMissing(object, document, "subjects") || rules;
  };
  if (IsLeftAlone(*held) || !complete(*held)) return absl::OkStatus();
  return registry
      .Update(kind, ns, name,
              [&complete](const json::Object& current) -> absl::StatusOr<json::Object> {
                json::Object object = current;
                complete(object);
                return object;
              },
              {})
      .status();
}

}  // namespace

absl::Status SeedRoles(registry::Registry& registry) {
  for (const json::Object& document : DefaultRoles()) {
    if (absl::Status status = Seed(registry, document); !status.ok()) {
      return absl::Status(
          status.code(),
          kvshim::base::ToAbsl(Concat("the default role ", TextAt(document, "metadata", "name"),
                                      ": ", std::string(status.message()))));
    }
  }
  return absl::OkStatus();
}

}  // namespace kvplane::auth
