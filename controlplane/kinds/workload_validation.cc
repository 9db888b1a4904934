#include <string>

#include "api/json_equal.h"
#include "base/strings.h"
#include "kinds/metadata_validation.h"
#include "kinds/spec_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

void ValidateTemplate(const json::Object& object, Path path, const std::string& field,
                      FieldErrors& errors) {
  static const json::Object kNone;
  const json::Object* found = FindObject(object, path);
  const json::Object& pod = found == nullptr ? kNone : *found;
  if (const json::Object* labels = FindObject(pod, {"metadata", "labels"})) {
    ValidateLabels(*labels, field + ".labels", errors);
  }
  const json::Object* spec = FindObject(pod, {"spec"});
  ValidatePodSpec(spec == nullptr ? kNone : *spec, field + ".spec", errors);
}

bool Selects(const json::Object& wanted, const json::Object* labels) {
  for (const auto& one : wanted) {
    const json::Value* value =
        labels == nullptr ? nullptr : json::Find(*labels, json::View(one.key()));
    if (value == nullptr || *value != one.value()) return false;
  }
  return true;
}

void NotNegative(const json::Object& object, std::string_view name, FieldErrors& errors) {
  const int64_t value = Integer(object, {"spec", name});
  if (value < 0) {
    errors.push_back(Invalid(Concat("spec.", name), value, "must be greater than or equal to 0"));
  }
}

// A selector must be there, and select the pods that the template makes.
void ValidateSelector(const json::Object& object, FieldErrors& errors) {
  const json::Object* selector = FindObject(object, {"spec", "selector"});
  if (selector == nullptr) {
    errors.push_back(Required("spec.selector", ""));
    return;
  }
  const json::Object* wanted = FindObject(*selector, {"matchLabels"});
  const bool expressions = FindArray(*selector, {"matchExpressions"}) != nullptr;
  if (wanted == nullptr && !expressions) {
    errors.push_back(
        Invalid("spec.selector", *selector, "empty selector is invalid for deployment"));
    return;
  }
  const json::Object* labels = FindObject(object, {"spec", "template", "metadata", "labels"});
  if (wanted != nullptr && !Selects(*wanted, labels)) {
    errors.push_back(Invalid("spec.template.metadata.labels",
                             labels == nullptr ? json::Value() : json::Value(*labels),
                             "`selector` does not match template `labels`"));
  }
}

void RestartsAlways(const json::Object& object, FieldErrors& errors) {
  const std::string_view policy = Text(object, {"spec", "template", "spec", "restartPolicy"});
  if (policy == "Never" || policy == "OnFailure") {
    errors.push_back(
        NotSupported("spec.template.spec.restartPolicy", json::ToBoost(policy), {"Always"}));
  }
}

// What a job makes does not run for ever.
void RestartsNot(const json::Object& object, Path path, const std::string& field,
                 FieldErrors& errors) {
  const std::string_view policy = Text(object, path);
  if (policy == "Always" || policy.empty()) {
    errors.push_back(Required(field, "valid values: \"OnFailure\", \"Never\""));
  }
}

size_t FieldsOf(std::string_view text) {
  size_t fields = 0;
  bool in_field = false;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t';
    fields += !blank && !in_field ? 1 : 0;
    in_field = !blank;
  }
  return fields;
}

bool IsSchedule(std::string_view text) {
  return text.starts_with('@') ? text.size() > 1 : FieldsOf(text) == 5;
}

}  // namespace

void ValidateSame(const json::Object& object, const json::Object* current, Path path,
                  const std::string& field, std::string_view detail, FieldErrors& errors) {
  static const json::Value kNone;
  if (current == nullptr) return;
  const json::Value* now = Find(object, path);
  const json::Value* before = Find(*current, path);
  if (api::JsonEqual(now == nullptr ? kNone : *now, before == nullptr ? kNone : *before)) return;
  errors.push_back(Invalid(field, now == nullptr ? kNone : *now, detail));
}

void ValidateWorkload(const json::Object& object, const json::Object* current,
                      FieldErrors& errors) {
  NotNegative(object, "replicas", errors);
  NotNegative(object, "minReadySeconds", errors);
  NotNegative(object, "revisionHistoryLimit", errors);
  ValidateSelector(object, errors);
  ValidateSame(object, current, {"spec", "selector"}, "spec.selector", kImmutable, errors);
  ValidateTemplate(object, {"spec", "template"}, "spec.template", errors);
  RestartsAlways(object, errors);
}

void ValidateStatefulSet(const json::Object& object, const json::Object* current,
                         FieldErrors& errors) {
  ValidateWorkload(object, nullptr, errors);
  for (const std::string_view name : {"selector", "serviceName", "podManagementPolicy"}) {
    FieldErrors changed;
    ValidateSame(object, current, {"spec", name}, "spec", kImmutable, changed);
    if (changed.empty()) continue;
    errors.push_back(Forbidden(
        "spec",
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
        "'minReadySeconds' are forbidden"));
    return;
  }
}

void ValidateReplicationController(const json::Object& object, const json::Object*,
                                   FieldErrors& errors) {
  NotNegative(object, "replicas", errors);
  const json::Object* selector = FindObject(object, {"spec", "selector"});
  if (selector == nullptr || selector->empty()) {
    errors.push_back(Required("spec.selector", ""));
  } else if (!Selects(*selector, FindObject(object, {"spec", "template", "metadata", "labels"}))) {
    errors.push_back(Invalid("spec.template.metadata.labels", json::Value(),
                             "`selector` does not match template `labels`"));
  }
  ValidateTemplate(object, {"spec", "template"}, "spec.template", errors);
  RestartsAlways(object, errors);
}

void ValidateJob(const json::Object& object, const json::Object* current, FieldErrors& errors) {
  NotNegative(object, "parallelism", errors);
  NotNegative(object, "completions", errors);
  NotNegative(object, "backoffLimit", errors);
  NotNegative(object, "activeDeadlineSeconds", errors);
  NotNegative(object, "ttlSecondsAfterFinished", errors);
  ValidateTemplate(object, {"spec", "template"}, "spec.template", errors);
  RestartsNot(object, {"spec", "template", "spec", "restartPolicy"},
              "spec.template.spec.restartPolicy", errors);
  ValidateSame(object, current, {"spec", "selector"}, "spec.selector", kImmutable, errors);
  // An indexed job grows and shrinks, its parallelism with it.
  const bool elastic =
      Text(object, {"spec", "completionMode"}) == "Indexed" &&
      Integer(object, {"spec", "completions"}) == Integer(object, {"spec", "parallelism"});
  if (!elastic) {
    ValidateSame(object, current, {"spec", "completions"}, "spec.completions", kImmutable, errors);
  }
  ValidateSame(object, current, {"spec", "completionMode"}, "spec.completionMode", kImmutable,
               errors);
  if (current != nullptr && !True(*current, {"spec", "suspend"})) {
    ValidateSame(object, current, {"spec", "template"}, "spec.template", kImmutable, errors);
  }
}

void ValidateCronJob(const json::Object& object, const json::Object*, FieldErrors& errors) {
  const std::string_view schedule = Text(object, {"spec", "schedule"});
  if (schedule.empty()) {
    errors.push_back(Required("spec.schedule", ""));
  } else if (!IsSchedule(schedule)) {
    errors.push_back(Invalid(
        "spec.schedule", json::ToBoost(schedule),
        Concat("expected exactly 5 fields, found ", FieldsOf(schedule), ": [", schedule, "]")));
  }
  if (object.at("metadata").as_object().at("name").as_string().size() > 52) {
    errors.push_back(Invalid("metadata.name", object.at("metadata").as_object().at("name"),
                             "must be no more than 52 characters"));
  }
  const std::string_view policy = Text(object, {"spec", "concurrencyPolicy"});
  if (policy != "Allow" && policy != "Forbid" && policy != "Replace") {
    errors.push_back(NotSupported("spec.concurrencyPolicy", json::ToBoost(policy),
                                  {"Allow", "Forbid", "Replace"}));
  }
  ValidateTemplate(object, {"spec", "jobTemplate", "spec", "template"},
                   "spec.jobTemplate.spec.template", errors);
  RestartsNot(object, {"spec", "jobTemplate", "spec", "template", "spec", "restartPolicy"},
              "spec.jobTemplate.spec.template.spec.restartPolicy", errors);
}

}  // namespace kvplane::kinds
