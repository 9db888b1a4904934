#include "kinds/validation.h"

#include <string_view>

#include "kinds/defined_object.h"
#include "kinds/metadata_validation.h"
#include "kinds/spec_validation.h"

namespace kvplane::kinds {

namespace {

struct Rule {
  std::string_view group;
  std::string_view plural;
  void (*check)(const json::Object& object, const json::Object* current, FieldErrors& errors);
};

constexpr Rule kRules[] = {
    {"", "pods", ValidatePod},
    {"", "services", ValidateService},
    {"", "configmaps", ValidateConfigMap},
    {"", "secrets", ValidateSecret},
    {"", "replicationcontrollers", ValidateReplicationController},
    {"", "persistentvolumeclaims", ValidatePersistentVolumeClaim},
    {"apps", "deployments", ValidateWorkload},
    {"apps", "replicasets", ValidateWorkload},
    {"apps", "statefulsets", ValidateStatefulSet},
    {"apps", "daemonsets", ValidateWorkload},
    {"batch", "jobs", ValidateJob},
    {"batch", "cronjobs", ValidateCronJob},
    {"networking.k8s.io", "ingresses", ValidateIngress},
    {"admissionregistration.k8s.io", "mutatingwebhookconfigurations", ValidateWebhooks},
    {"admissionregistration.k8s.io", "validatingwebhookconfigurations", ValidateWebhooks},
    {"admissionregistration.k8s.io", "mutatingadmissionpolicies", ValidateMutatingPolicy},
    {"admissionregistration.k8s.io", "mutatingadmissionpolicybindings",
     ValidateMutatingPolicyBinding},
    {"admissionregistration.k8s.io", "validatingadmissionpolicies", ValidateValidatingPolicy},
    {"admissionregistration.k8s.io", "validatingadmissionpolicybindings",
     ValidateValidatingPolicyBinding},
    {"apiextensions.k8s.io", "customresourcedefinitions", ValidateDefinition},
    {"autoscaling", "horizontalpodautoscalers", ValidateAutoscaler},
    {"policy", "poddisruptionbudgets", ValidateBudget},
    {"rbac.authorization.k8s.io", "roles", ValidateRole},
    {"rbac.authorization.k8s.io", "clusterroles", ValidateRole},
    {"rbac.authorization.k8s.io", "rolebindings", ValidateBinding},
    {"rbac.authorization.k8s.io", "clusterrolebindings", ValidateBinding},
};

}  // namespace

FieldErrors Validate(const Kind& kind, const json::Object& object, const json::Object* current) {
  FieldErrors errors;
  ValidateMetadata(kind, object, errors);
  if (kind.definition != nullptr) {
    ValidateDefined(kind, object, current, errors);
    return errors;
  }
  for (const Rule& rule : kRules) {
    if (rule.group == kind.group && rule.plural == kind.plural) {
      rule.check(object, current, errors);
    }
  }
  return errors;
}

}  // namespace kvplane::kinds
