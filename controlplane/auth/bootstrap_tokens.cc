#include "auth/bootstrap_tokens.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "api/base64.h"
#include "api/json.h"
#include "api/timestamp.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/kind.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using apiserver::User;
using kvshim::base::Concat;

constexpr size_t kIdSize = 6;
constexpr size_t kSecretSize = 16;
constexpr std::string_view kType = "bootstrap.kubernetes.io/token";
constexpr std::string_view kGroup = "system:bootstrappers";

absl::Status Refused() { return absl::UnauthenticatedError("the bootstrap token is not taken"); }

bool IsToken(std::string_view token) {
  return token.size() == kIdSize + 1 + kSecretSize && token[kIdSize] == '.' &&
         std::all_of(token.begin(), token.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
         });
}

// A value of a Secret's data, decoded; empty where there is none.
std::string Data(const json::Object& secret, std::string_view name) {
  const json::Value* data = json::Find(secret, "data");
  if (data == nullptr || !data->is_object()) return "";
  const json::Value* value = json::Find(data->get_object(), name);
  if (value == nullptr || !value->is_string()) return "";
  return api::DecodeBase64(json::View(value->get_string())).value_or("");
}

bool IsOver(const std::string& expiration) {
  if (expiration.empty()) return false;
  const absl::StatusOr<api::Timestamp> end = api::ParseTimestamp(expiration);
  return !end.ok() || end->seconds <= std::time(nullptr);
}

}  // namespace

absl::StatusOr<User> UserOfBootstrapToken(registry::Registry& registry, std::string_view token) {
  if (!IsToken(token)) return Refused();
  const std::string id(token.substr(0, kIdSize));
  const kinds::Served* secrets = kinds::Kinds::BuiltIn().Find("v1", "secrets");
  const absl::StatusOr<json::Object> secret =
      registry.Get(*secrets->kind, "kube-system", Concat("bootstrap-token-", id));
  if (!secret.ok()) return Refused();
  const json::Value* type = json::Find(*secret, "type");
  const std::string held = Data(*secret, "token-secret");
  const std::string_view shown = token.substr(kIdSize + 1);
  const bool same =
      held.size() == shown.size() && CRYPTO_memcmp(held.data(), shown.data(), shown.size()) == 0;
  if (type == nullptr || !type->is_string() || json::View(type->get_string()) != kType || !same ||
      Data(*secret, "token-id") != id ||
      Data(*secret, "usage-bootstrap-authentication") != "true" ||
      IsOver(Data(*secret, "expiration"))) {
    return Refused();
  }
  User user{.name = Concat("system:bootstrap:", id), .groups = {std::string(kGroup)}};
  const std::string extra = Data(*secret, "auth-extra-groups");
  for (const std::string_view group : kvshim::base::SplitList(extra, ',')) {
    if (group.starts_with("system:bootstrappers:")) user.groups.emplace_back(group);
  }
  return user;
}

}  // namespace kvplane::auth
