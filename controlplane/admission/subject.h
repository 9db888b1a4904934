// Subject: a request as expressions see it: the object, the old one, the request itself, the
// namespace, and what the one who makes it may do.
//
// Thread safety: one thread's. What its input points into lives as long as the subject.
//
//   ASSIGN_OR_RETURN(const auto subject, Subject::Make(registry, attributes, version, authorizer));
//   conditions.Match(subject->input());
#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "admission/webhook_rules.h"
#include "api/json.h"
#include "apiserver/authorizer.h"
#include "kinds/admission_expression.h"
#include "registry/admission.h"
#include "registry/registry.h"

namespace kvplane::admission {

class AccessOf;

class Subject {
 public:
  // The attributes and the authorizer outlive it.
  static absl::StatusOr<std::unique_ptr<Subject>> Make(registry::Registry& registry,
                                                       const registry::Attributes& attributes,
                                                       const Version& version,
                                                       const apiserver::Authorizer& authorizer);
  ~Subject();

  const kinds::AdmissionInput& input() const { return input_; }
  void SetNamespace(api::json::Object document);
  // As it is told; null where there is none.
  const api::json::Object* object() const;

 private:
  Subject() = default;

  api::json::Object request_;
  api::json::Object namespace_;
  std::unique_ptr<AccessOf> access_;
  kinds::AdmissionInput input_;
};

}  // namespace kvplane::admission
