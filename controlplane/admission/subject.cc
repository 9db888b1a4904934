#include "admission/subject.h"

#include <string>
#include <utility>

#include "admission/webhook_review.h"
#include "base/status.h"
#include "base/strings.h"
#include "cel/authorizer.h"
#include "cel/document.h"
#include "kinds/members.h"
#include "registry/user.h"

namespace kvplane::admission {

namespace json = api::json;
using kvshim::base::Concat;
using registry::Attributes;

// What the one who makes a request may do, or a service account.
class AccessOf : public cel::AccessChecks {
 public:
  AccessOf(const registry::User& user, const apiserver::Authorizer& authorizer)
      : user_(user), authorizer_(authorizer) {}

  Decision Check(const cel::AccessCheck& check) const override {
    apiserver::RequestInfo info;
    info.verb = check.verb;
    info.is_resource = check.path.empty();
    info.path = check.path;
    if (info.is_resource) {
      info.group = check.group;
      info.version.assign(1, '*');
      info.resource = check.resource;
      info.subresource = check.subresource;
      info.ns = check.name_space;
      info.name = check.name;
    }
    const apiserver::Decision decision =
        authorizer_.Authorize(check.service_account.empty() ? user_ : ServiceAccount(check), info);
    return {decision.allowed, decision.reason};
  }

 private:
  static registry::User ServiceAccount(const cel::AccessCheck& check) {
    const std::string& name_space = check.service_account_namespace;
    return {.name = Concat("system:serviceaccount:", name_space, ":", check.service_account),
            .groups = {"system:serviceaccounts", Concat("system:serviceaccounts:", name_space),
                       "system:authenticated"}};
  }

  const registry::User& user_;
  const apiserver::Authorizer& authorizer_;
};

Subject::~Subject() = default;

absl::StatusOr<std::unique_ptr<Subject>> Subject::Make(registry::Registry& registry,
                                                       const Attributes& attributes,
                                                       const Version& version,
                                                       const apiserver::Authorizer& authorizer) {
  std::unique_ptr<Subject> subject(new Subject());
  ASSIGN_OR_RETURN(subject->request_, RequestDocument(registry, attributes, version));
  subject->access_ = std::make_unique<AccessOf>(attributes.user(), authorizer);
  const json::Object& request = subject->request_;
  kinds::AdmissionInput& input = subject->input_;
  const cel::TypePtr& dyn = cel::SimpleType(cel::Type::Kind::kDyn);
  input.object = cel::FromJson(*json::Find(request, "object"), dyn);
  input.old_object = cel::FromJson(*json::Find(request, "oldObject"), dyn);
  input.request = cel::FromJson(request, kinds::AdmissionRequestType());
  input.authorizer = cel::AuthorizerValue(*subject->access_);
  input.request_resource = cel::ResourceCheckValue(
      *subject->access_, {.group = attributes.kind->group,
                          .resource = attributes.kind->plural,
                          .subresource = std::string(attributes.subresource),
                          .name_space = std::string(attributes.name_space),
                          .name = std::string(attributes.name)});
  return subject;
}

const json::Object* Subject::object() const { return kinds::FindObject(request_, {"object"}); }

void Subject::SetNamespace(json::Object document) {
  namespace_ = std::move(document);
  input_.name_space = cel::FromJson(namespace_, kinds::AdmissionNamespaceType());
}

}  // namespace kvplane::admission
