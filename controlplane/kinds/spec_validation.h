// Validation of what is particular to a kind, a function each.
//
// Thread safety: pure functions.
#pragma once

#include "api/json.h"
#include "kinds/field_error.h"
#include "kinds/members.h"

namespace kvplane::kinds {

// Pods and what makes them (workload_validation.cc, pod_validation.cc).
void ValidatePod(const json::Object& object, const json::Object* current, FieldErrors& errors);
void ValidatePodSpec(const json::Object& spec, const std::string& field, FieldErrors& errors);
void ValidateWorkload(const json::Object& object, const json::Object* current, FieldErrors& errors);
void ValidateStatefulSet(const json::Object& object, const json::Object* current,
                         FieldErrors& errors);
void ValidateReplicationController(const json::Object& object, const json::Object* current,
                                   FieldErrors& errors);
void ValidateJob(const json::Object& object, const json::Object* current, FieldErrors& errors);
void ValidateCronJob(const json::Object& object, const json::Object* current, FieldErrors& errors);

// The rest (cluster_validation.cc).
void ValidateService(const json::Object& object, const json::Object* current, FieldErrors& errors);
void ValidateConfigMap(const json::Object& object, const json::Object* current,
                       FieldErrors& errors);
void ValidateSecret(const json::Object& object, const json::Object* current, FieldErrors& errors);
void ValidatePersistentVolumeClaim(const json::Object& object, const json::Object* current,
                                   FieldErrors& errors);
void ValidateIngress(const json::Object& object, const json::Object* current, FieldErrors& errors);
void ValidateRole(const json::Object& object, const json::Object* current, FieldErrors& errors);
// definition_validation.cc
void ValidateDefinition(const json::Object& object, const json::Object* current,
                        FieldErrors& errors);
void ValidateBinding(const json::Object& object, const json::Object* current, FieldErrors& errors);

// What scales and spares workloads (scaling_validation.cc).
void ValidateAutoscaler(const json::Object& object, const json::Object* current,
                        FieldErrors& errors);
void ValidateBudget(const json::Object& object, const json::Object* current, FieldErrors& errors);

// Webhooks (webhook_validation.cc).
void ValidateWebhooks(const json::Object& object, const json::Object* current, FieldErrors& errors);

// Admission policies (policy_validation.cc).
void ValidateValidatingPolicy(const json::Object& object, const json::Object* current,
                              FieldErrors& errors);
void ValidateMutatingPolicy(const json::Object& object, const json::Object* current,
                            FieldErrors& errors);
void ValidateMutatingPolicyBinding(const json::Object& object, const json::Object* current,
                                   FieldErrors& errors);
void ValidateValidatingPolicyBinding(const json::Object& object, const json::Object* current,
                                     FieldErrors& errors);

// A field that may not change: refuses where it did.
void ValidateSame(const json::Object& object, const json::Object* current, Path path,
                  const std::string& field, std::string_view detail, FieldErrors& errors);
inline constexpr std::string_view kImmutable = "field is immutable";

// Where a webhook is: a URL or a service.
void ValidateClientConfig(const json::Object& config, const std::string& field,
                          FieldErrors& errors);

}  // namespace kvplane::kinds
