// AdmissionReview: what a webhook is asked, and what it answers.
//
// Thread safety: pure but for the machine's randomness.
//
//   ASSIGN_OR_RETURN(const Review review, MakeReview(registry, attributes, version));
//   ASSIGN_OR_RETURN(const ReviewAnswer answer, ReadAnswer(review, body));
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "admission/webhook_rules.h"
#include "api/json.h"
#include "registry/admission.h"
#include "registry/registry.h"

namespace kvplane::admission {

struct Review {
  std::string uid;
  std::string body;
  api::json::Object object;  // as it is told, in the version that is
};
// `registry` converts custom resources that a webhook converts.
absl::StatusOr<Review> MakeReview(registry::Registry& registry,
                                  const registry::Attributes& attributes, const Version& version);

// The request of a review, without an uid: kinds, resources, the user, objects, options.
absl::StatusOr<api::json::Object> RequestDocument(registry::Registry& registry,
                                                  const registry::Attributes& attributes,
                                                  const Version& version);

struct ReviewAnswer {
  bool allowed = false;
  api::json::Object status;  // why not
  api::json::Value patch;    // a JSON patch; null: none
  std::vector<std::string> warnings;
  registry::Annotations annotations;
};
// The error says what is wrong with the answer.
absl::StatusOr<ReviewAnswer> ReadAnswer(const Review& review, std::string_view body);

// Makes the patch to what was told, and that to the object that is written.
absl::Status ApplyPatch(registry::Registry& registry, const Review& review,
                        const api::json::Value& patch, const Version& version,
                        registry::Attributes& attributes);

// The same with what a told object has become.
absl::Status ReplaceObject(registry::Registry& registry, const api::json::Object& told,
                           api::json::Object object, const Version& version,
                           registry::Attributes& attributes);

// What a refusal is told as.
absl::Status Denied(std::string_view webhook, const api::json::Object& status);

}  // namespace kvplane::admission
