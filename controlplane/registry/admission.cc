#include "registry/admission.h"

#include <algorithm>
#include <utility>

#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::registry {

const User& ServerItself() {
  static const User* const user =
      new User{.name = "system:apiserver", .groups = {"system:masters", "system:authenticated"}};
  return *user;
}

std::string_view NameOf(Operation operation) {
  switch (operation) {
    case Operation::kCreate:
      return "CREATE";
    case Operation::kUpdate:
      return "UPDATE";
    case Operation::kDelete:
      return "DELETE";
    case Operation::kConnect:
      return "CONNECT";
  }
  return "";
}

void Attributes::Warn(std::string text) const {
  if (requester.warnings == nullptr) return;
  std::vector<std::string>& warnings = *requester.warnings;
  if (std::find(warnings.begin(), warnings.end(), text) == warnings.end()) {
    warnings.push_back(std::move(text));
  }
}

void Attributes::Annotate(const std::string& key, std::string value) const {
  if (requester.annotations != nullptr) {
    requester.annotations->insert_or_assign(key, std::move(value));
  }
}

absl::Status Refuse(const Attributes& attributes, std::string_view why) {
  std::string_view name = attributes.name;
  if (name.empty() && attributes.object() != nullptr) {
    name = kinds::Text(*attributes.object(), {"metadata", "name"});
    if (name.empty()) name = kinds::Text(*attributes.object(), {"metadata", "generateName"});
  }
  return Forbidden(*attributes.kind, name, why);
}

}  // namespace kvplane::registry
