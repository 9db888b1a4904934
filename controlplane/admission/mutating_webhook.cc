// MutatingWebhook: webhooks that change objects, one after the other; each sees what those before
// it made. Where one changes something, the plugins run once more, and so do those webhooks that
// want to and have something new to see.
#include <string>
#include <utility>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "admission/webhook_review.h"
#include "admission/webhooks.h"
#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "registry/failure.h"
#include "webhook/client.h"

namespace kvplane::admission {

namespace {

using kvshim::base::Concat;

class MutatingWebhook : public Plugin {
 public:
  MutatingWebhook(registry::Registry& registry, const apiserver::Authorizer& authorizer,
                  webhook::Client& client)
      : registry_(registry),
        webhooks_(registry, authorizer,
                  BuiltIn("admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations")),
        client_(client) {}

  bool Handles(const Attributes& attributes) const override {
    return !IsExempt(attributes) && webhooks_.Any();
  }

  absl::Status Mutate(Attributes& attributes) override {
    ASSIGN_OR_RETURN(const Webhooks::List all, webhooks_.All());
    ASSIGN_OR_RETURN(const auto calls, webhooks_.CallsFor(*all, attributes));
    registry::Reinvocation& again = attributes.reinvocation;
    if (again.under_way && attributes.changes() != again.changes_seen) again.MakeAllDue();
    for (const Webhooks::Call& call : calls) {
      if (again.under_way && !again.due.contains(call.webhook->id)) continue;
      const size_t changes = attributes.changes();
      RETURN_IF_ERROR(CallOne(call, attributes));
      if (attributes.changes() != changes) {
        again.MakeAllDue();
        again.wanted = true;
      }
      if (call.webhook->reinvoked) again.called.insert(call.webhook->id);
    }
    again.changes_seen = attributes.changes();
    return absl::OkStatus();
  }

 private:
  absl::Status CallOne(const Webhooks::Call& call, Attributes& attributes) {
    const Webhook& webhook = *call.webhook;
    if (attributes.dry_run && webhook.has_side_effects) {
      return registry::BadRequest(
          Concat("admission webhook \"", webhook.name, "\" does not support dry run"));
    }
    ASSIGN_OR_RETURN(const Review review, MakeReview(registry_, attributes, call.version));
    const absl::StatusOr<ReviewAnswer> answer = Ask(webhook, review);
    if (!answer.ok()) {
      const std::string failed = CallFailed(webhook, answer.status());
      if (!webhook.fails_open) return registry::InternalError(failed);
      kvshim::base::Log(kvshim::base::Level::kWarning, "a webhook is passed over",
                        {{"why", failed}});
      attributes.Annotate(Concat("failed-open.mutating.webhook.admission.k8s.io/", webhook.name),
                          webhook.name);
      return absl::OkStatus();
    }
    for (const std::string& warning : answer->warnings) attributes.Warn(warning);
    for (const auto& [key, value] : answer->annotations) {
      attributes.Annotate(Concat(webhook.name, "/", key), value);
    }
    if (!answer->allowed) return Denied(webhook.name, answer->status);
    if (answer->patch.is_null() || attributes.object() == nullptr) return absl::OkStatus();
    return ApplyPatch(registry_, review, answer->patch, call.version, attributes);
  }

  absl::StatusOr<ReviewAnswer> Ask(const Webhook& webhook, const Review& review) {
    ASSIGN_OR_RETURN(webhook::Endpoint endpoint, webhooks_.EndpointOf(webhook));
    std::vector<webhook::Request> requests;
    requests.push_back({std::move(endpoint), review.body, webhook.timeout});
    auto answers = client_.Ask(std::move(requests));
    RETURN_IF_ERROR(answers[0].status());
    return ReadAnswer(review, *answers[0]);
  }

  registry::Registry& registry_;
  mutable Webhooks webhooks_;
  webhook::Client& client_;
};

}  // namespace

std::unique_ptr<Plugin> MakeMutatingWebhook(registry::Registry& registry,
                                            const apiserver::Authorizer& authorizer,
                                            webhook::Client& client) {
  return std::make_unique<MutatingWebhook>(registry, authorizer, client);
}

}  // namespace kvplane::admission
