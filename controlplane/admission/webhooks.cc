#include "admission/webhooks.h"

#include <utility>

#include "admission/lookup.h"
#include "admission/subject.h"
#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::admission {

namespace json = api::json;
using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::MutexLock;
using registry::Attributes;

bool IsExempt(const Attributes& attributes) {
  if (attributes.kind->group != "admissionregistration.k8s.io") return false;
  const std::string& plural = attributes.kind->plural;
  return plural.starts_with("validating") || plural.starts_with("mutating");
}

std::string CallFailed(const Webhook& webhook, const absl::Status& why) {
  const std::string_view text = kvshim::base::FromAbsl(why.message());
  // What was answered is told as it is; what was not, as a call that failed.
  const bool answered = absl::IsInvalidArgument(why);
  return Concat("failed calling webhook \"", webhook.name,
                "\": ", answered ? "" : "failed to call webhook: ", text);
}

absl::StatusOr<Webhooks::List> Webhooks::All() {
  ASSIGN_OR_RETURN(auto snapshot, configurations_.List(prefix_, 0));
  std::vector<registry::StoredObjectPtr>& objects = snapshot.objects;
  MutexLock lock(mutex_);
  if (objects == read_) return list_;
  auto list = std::make_shared<std::vector<Webhook>>();
  for (const auto& object : objects) {
    auto webhooks = ReadWebhooks(object->Parse());
    if (!webhooks.ok()) {
      kvshim::base::Log(kvshim::base::Level::kError, "a webhook configuration cannot be read",
                        {{"key", object->key()}, {"error", webhooks.status()}});
      continue;
    }
    for (Webhook& webhook : *webhooks) list->push_back(std::move(webhook));
  }
  read_ = std::move(objects);
  list_ = std::move(list);
  return list_;
}

bool Webhooks::Any() {
  const auto all = All();
  return !all.ok() || !(*all)->empty();
}

absl::StatusOr<std::vector<Webhooks::Call>> Webhooks::CallsFor(const std::vector<Webhook>& webhooks,
                                                               const Attributes& attributes) {
  ASSIGN_OR_RETURN(const auto labels, NamespaceLabelsOf(registry_, attributes));
  std::vector<Call> calls;
  for (const Webhook& webhook : webhooks) {
    auto version = webhook.Match(attributes, labels ? &*labels : nullptr);
    if (!version) continue;
    ASSIGN_OR_RETURN(const bool meets, MeetsConditions(webhook, *version, attributes));
    if (meets) calls.push_back({&webhook, *std::move(version)});
  }
  return calls;
}

absl::StatusOr<bool> Webhooks::MeetsConditions(const Webhook& webhook, const Version& version,
                                               const Attributes& attributes) {
  if (webhook.conditions.empty()) return true;
  ASSIGN_OR_RETURN(const auto subject, Subject::Make(registry_, attributes, version, authorizer_));
  const auto meets = webhook.conditions.Match(subject->input());
  if (meets.ok()) return *meets;
  if (webhook.fails_open) return false;
  return registry::Forbidden(*attributes.kind, attributes.name,
                             kvshim::base::FromAbsl(meets.status().message()));
}

absl::StatusOr<webhook::Endpoint> Webhooks::EndpointOf(const Webhook& webhook) {
  return endpoints_.Find(webhook.client_config, Concat("timeout=", webhook.timeout.count(), "s"));
}

}  // namespace kvplane::admission
