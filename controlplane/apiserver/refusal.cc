#include "apiserver/refusal.h"

#include "api/json.h"

namespace kvplane::apiserver {

std::string StatusDocument(const Refusal& refusal) {
  namespace json = api::json;
  json::Object status{{"kind", "Status"},
                      {"apiVersion", "v1"},
                      {"metadata", json::Object()},
                      {"status", "Failure"},
                      {"message", json::ToBoost(refusal.message)},
                      {"reason", json::ToBoost(refusal.reason)}};
  json::Object details;
  if (!refusal.name.empty()) details["name"] = json::ToBoost(refusal.name);
  if (!refusal.group.empty()) details["group"] = json::ToBoost(refusal.group);
  if (!refusal.resource.empty()) details["kind"] = json::ToBoost(refusal.resource);
  if (refusal.retry_after_seconds > 0) details["retryAfterSeconds"] = refusal.retry_after_seconds;
  if (!details.empty()) status["details"] = std::move(details);
  status["code"] = refusal.code;
  return api::ToJson(status);
}

void Refuse(Response& response, const Refusal& refusal) {
  Pairs headers{{"content-type", "application/json"}};
  if (refusal.retry_after_seconds > 0) {
    headers.emplace_back("retry-after", std::to_string(refusal.retry_after_seconds));
  }
  response.Send(refusal.code, std::move(headers), StatusDocument(refusal) + "\n");
}

}  // namespace kvplane::apiserver
