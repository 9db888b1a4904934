#include "server/encryption_page.h"

#include <string>
#include <string_view>
#include <utility>

#include "api/json.h"
#include "apiserver/refusal.h"
#include "base/logger.h"
#include "base/strings.h"

namespace kvplane::server {
namespace {

using apiserver::Refusal;
using apiserver::Request;
using apiserver::Response;
using encryption::SecretsEncryption;
namespace json = api::json;

absl::Status Act(SecretsEncryption& encryption, std::string_view action) {
  if (action == "enable") return encryption.Enable();
  if (action == "disable") return encryption.Disable();
  if (action == "reencrypt") return encryption.Reencrypt();
  if (action == "rotate-keys") return encryption.RotateKeys();
  return absl::InvalidArgumentError(kvshim::base::Concat(
      "action: '", action, "' is none; give enable, disable, reencrypt or rotate-keys"));
}

Refusal RefusalOf(const absl::Status& status) {
  const std::string message(status.message());
  if (absl::IsInvalidArgument(status)) return {400, "BadRequest", message};
  if (absl::IsFailedPrecondition(status) || absl::IsAborted(status)) {
    return {409, "Conflict", message};
  }
  return {500, "InternalError", message};
}

void Answer(SecretsEncryption& encryption, const Request& request, Response& response) {
  absl::Status acted;
  if (request.method == "POST") {
    acted = Act(encryption, request.Query("action"));
    kvshim::base::Log(
        kvshim::base::Level::kInfo, "secrets' encryption",
        {{"action", request.Query("action")}, {"user", request.user.name}, {"status", acted}});
  } else if (request.method != "GET") {
    return Refuse(response, {405, "MethodNotAllowed", "only GET and POST are answered here"});
  }
  if (!acted.ok()) return Refuse(response, RefusalOf(acted));
  const absl::StatusOr<encryption::EncryptionStatus> status = encryption.Status();
  if (!status.ok()) return Refuse(response, RefusalOf(status.status()));
  json::Array keys;
  for (const std::string& name : status->keys) keys.push_back(json::ToBoost(name));
  response.Send(200, {{"content-type", "application/json"}},
                api::ToJson(json::Object{{"hasKeys", status->has_keys},
                                         {"enabled", status->enabled},
                                         {"keys", std::move(keys)},
                                         {"current", status->current},
                                         {"stale", status->stale}}));
}

}  // namespace

apiserver::Handler WithEncryptionPage(SecretsEncryption& encryption, apiserver::Handler next) {
  return
      [&encryption, next = std::move(next)](Request request, std::shared_ptr<Response> response) {
        if (request.path == kEncryptionPage) return Answer(encryption, request, *response);
        next(std::move(request), std::move(response));
      };
}

}  // namespace kvplane::server
