// ValidatingWebhook: webhooks that judge objects as they will be, all at once.
#include <string>
#include <utility>
#include <vector>

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

class ValidatingWebhook : public Plugin {
 public:
  ValidatingWebhook(registry::Registry& registry, const apiserver::Authorizer& authorizer,
                    webhook::Client& client)
      : registry_(registry),
        webhooks_(registry, authorizer,
                  BuiltIn("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations")),
        client_(client) {}

  bool Handles(const Attributes& attributes) const override {
    return !IsExempt(attributes) && webhooks_.Any();
  }

  absl::Status Validate(const Attributes& attributes) override {
    ASSIGN_OR_RETURN(const Webhooks::List all, webhooks_.All());
    ASSIGN_OR_RETURN(const auto calls, webhooks_.CallsFor(*all, attributes));
    std::vector<Asked> asked;
    std::vector<webhook::Request> requests;
    absl::Status verdict;
    for (const Webhooks::Call& call : calls) {
      const Webhook& webhook = *call.webhook;
      if (attributes.dry_run && webhook.has_side_effects) {
        return registry::BadRequest(
            Concat("admission webhook \"", webhook.name, "\" does not support dry run"));
      }
      ASSIGN_OR_RETURN(Review review, MakeReview(registry_, attributes, call.version));
      auto endpoint = webhooks_.EndpointOf(webhook);
      if (!endpoint.ok()) {
        KeepFirst(Failed(webhook, endpoint.status(), attributes), verdict);
        continue;
      }
      requests.push_back({*std::move(endpoint), review.body, webhook.timeout});
      asked.push_back({&webhook, std::move(review)});
    }
    if (requests.empty()) return verdict;
    const auto answers = client_.Ask(std::move(requests));
    for (size_t i = 0; i < answers.size(); ++i) {
      KeepFirst(Judge(asked[i], answers[i], attributes), verdict);
    }
    return verdict;
  }

 private:
  struct Asked {
    const Webhook* webhook;
    Review review;
  };

  static void KeepFirst(absl::Status status, absl::Status& verdict) {
    if (verdict.ok()) verdict = std::move(status);
  }

  static absl::Status Failed(const Webhook& webhook, const absl::Status& why,
                             const Attributes& attributes) {
    const std::string failed = CallFailed(webhook, why);
    if (!webhook.fails_open) return registry::InternalError(failed);
    kvshim::base::Log(kvshim::base::Level::kWarning, "a webhook is passed over", {{"why", failed}});
    attributes.Annotate(Concat("failed-open.validating.webhook.admission.k8s.io/", webhook.name),
                        webhook.name);
    return absl::OkStatus();
  }

  static absl::Status Judge(const Asked& asked, const absl::StatusOr<std::string>& body,
                            const Attributes& attributes) {
    if (!body.ok()) return Failed(*asked.webhook, body.status(), attributes);
    const auto answer = ReadAnswer(asked.review, *body);
    if (!answer.ok()) return Failed(*asked.webhook, answer.status(), attributes);
    for (const std::string& warning : answer->warnings) attributes.Warn(warning);
    for (const auto& [key, value] : answer->annotations) {
      attributes.Annotate(Concat(asked.webhook->name, "/", key), value);
    }
    return answer->allowed ? absl::OkStatus() : Denied(asked.webhook->name, answer->status);
  }

  registry::Registry& registry_;
  mutable Webhooks webhooks_;
  webhook::Client& client_;
};

}  // namespace

std::unique_ptr<Plugin> MakeValidatingWebhook(registry::Registry& registry,
                                              const apiserver::Authorizer& authorizer,
                                              webhook::Client& client) {
  return std::make_unique<ValidatingWebhook>(registry, authorizer, client);
}

}  // namespace kvplane::admission
