#include "controller/token_secrets.h"

#include <vector>

#include "api/base64.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr char kType[] = "kubernetes.io/service-account-token";
constexpr char kName[] = "kubernetes.io/service-account.name";
constexpr char kUid[] = "kubernetes.io/service-account.uid";
constexpr int64_t kLifetime = int64_t{10} * 365 * 24 * 3600;

// The key of the account that a secret holds a token of.
const Index kByAccount{
    "token-account", [](const json::Object& secret) {
      std::vector<std::string> accounts;
      if (Text(secret, {"type"}) == kType) {
        accounts.push_back(Concat(Text(secret, {"metadata", "namespace"}), "/",
                                  Text(secret, {"metadata", "annotations", kName})));
      }
      return accounts;
    }};

absl::Status UnlessGone(const absl::Status& status) {
  return registry::HasReason(status, "NotFound") ? absl::OkStatus() : status;
}

}  // namespace

TokenSecretController::TokenSecretController(Environment& environment)
    : Controller(environment, {.name = "tokens-controller",
                               .concurrency = 5,
                               .user = "system:kube-controller-manager"}),
      secrets_(environment.informers.Of("v1", "secrets")),
      accounts_(environment.informers.Of("v1", "serviceaccounts")) {
  secrets_.AddIndex(kByAccount);
  secrets_.AddHandler([this](const Change& change) {
    if (!change.deleted() && Text(change.document(), {"type"}) == kType) queue().Add(change.key());
  });
  accounts_.AddHandler([this](const Change& change) {
    for (const StoredObjectPtr& secret : secrets_.Find(kByAccount, change.key())) {
      queue().Add(std::string(secrets_.KeyOf(*secret)));
    }
  });
}

absl::Status TokenSecretController::Sync(const std::string& key) {
  const StoredObjectPtr known = secrets_.Get(key);
  if (known == nullptr) return absl::OkStatus();
  const json::Object secret = known->Parse();
  const std::string name_space(Text(secret, {"metadata", "namespace"}));
  const std::string name(Text(secret, {"metadata", "name"}));
  const std::string account_name(Text(secret, {"metadata", "annotations", kName}));
  const std::string_view account_uid = Text(secret, {"metadata", "annotations", kUid});
  if (Text(secret, {"type"}) != kType || account_name.empty()) return absl::OkStatus();
  // The store is asked: the informer may not know the account yet.
  const auto account = client().Get(accounts_.kind(), name_space, account_name);
  if (!account.ok() && !registry::HasReason(account.status(), "NotFound")) return account.status();
  const std::string uid(account.ok() ? Text(*account, {"metadata", "uid"}) : "");
  if (uid.empty() || (!account_uid.empty() && account_uid != uid)) {
    return UnlessGone(client().Delete(
        secrets_.kind(), name_space, name,
        {{"preconditions",
          json::Object{{"uid", json::ToBoost(Text(secret, {"metadata", "uid"}))}}}}));
  }
  const std::string authority = api::EncodeBase64(environment().cluster.server_ca.certificate);
  if (account_uid == uid && !Text(secret, {"data", "token"}).empty() &&
      Text(secret, {"data", "ca.crt"}) == authority) {
    return absl::OkStatus();
  }
  std::string token(Text(secret, {"data", "token"}));
  if (token.empty()) {
    ASSIGN_OR_RETURN(const apiserver::IssuedToken issued,
                     environment().tokens.Issue(
                         {.account = {.ns = name_space, .name = account_name, .uid = uid},
                          .lifetime_seconds = kLifetime,
                          .bound = {.kind = "Secret",
                                    .name = name,
                                    .uid = std::string(Text(secret, {"metadata", "uid"}))}}));
    token = api::EncodeBase64(issued.token);
  }
  const auto fill = [&](json::Object& object) {
    kinds::Child(kinds::Child(object, "metadata"), "annotations")[kUid] = uid;
    json::Object& data = kinds::Child(object, "data");
    data["ca.crt"] = authority;
    data["namespace"] = api::EncodeBase64(name_space);
    data["token"] = token;
  };
  return UnlessGone(client().Change(secrets_.kind(), name_space, name, "", fill).status());
}

}  // namespace kvplane::controller
