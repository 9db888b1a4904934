#include "kinds/metadata_validation.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

constexpr size_t kMostAnnotationBytes = size_t{256} << 10;

api::NameFaults CheckName(const Kind& kind, std::string_view name) {
  if (kind.group == "rbac.authorization.k8s.io" || kind.group == "apiregistration.k8s.io") {
    return api::CheckPathSegmentName(name);
  }
  if (kind.group.empty() && kind.plural == "namespaces") return api::CheckDns1123Label(name);
  if (kind.group.empty() && kind.plural == "services") return api::CheckDns1035Label(name);
  return api::CheckDns1123Subdomain(name);
}

void ValidateAnnotations(const json::Object& annotations, FieldErrors& errors) {
  size_t bytes = 0;
  for (const auto& entry : annotations) {
    const std::string_view key = json::View(entry.key());
    std::string lower(key);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    AddFaults("metadata.annotations", json::Value(entry.key()), api::CheckQualifiedName(lower),
              errors);
    bytes += key.size() + Plain(entry.value()).size();
  }
  if (bytes > kMostAnnotationBytes) {
    errors.push_back({"FieldValueTooLong", "metadata.annotations",
                      Concat("Too long: may not be more than ", kMostAnnotationBytes, " bytes")});
  }
}

void ValidateOwners(const json::Object& metadata, FieldErrors& errors) {
  size_t index = 0;
  size_t controllers = 0;
  ForEach(metadata, {"ownerReferences"}, [&](const json::Object& owner) {
    const std::string field = Concat("metadata.ownerReferences[", index++, "]");
    for (const std::string_view name : {"apiVersion", "kind", "name", "uid"}) {
      if (Text(owner, {name}).empty()) {
        errors.push_back(Invalid(Concat(field, '.', name), "", "must not be empty"));
      }
    }
    controllers += True(owner, {"controller"}) ? 1 : 0;
  });
  if (controllers > 1) {
    errors.push_back(Invalid("metadata.ownerReferences", json::Value(),
                             "Only one reference can have Controller set to true"));
  }
}

}  // namespace

void AddFaults(const std::string& field, const json::Value& value, const api::NameFaults& faults,
               FieldErrors& errors) {
  for (const std::string& fault : faults) errors.push_back(Invalid(field, value, fault));
}

std::string Joined(const api::NameFaults& faults) {
  std::string out;
  for (const std::string& fault : faults) out.append(out.empty() ? "" : ",").append(fault);
  return out;
}

void ValidateLabels(const json::Object& labels, const std::string& field, FieldErrors& errors) {
  for (const auto& label : labels) {
    const std::string_view key = json::View(label.key());
    AddFaults(field, json::Value(label.key()), api::CheckQualifiedName(key), errors);
    AddFaults(field, label.value(), api::CheckLabelValue(Plain(label.value())), errors);
  }
}

void ValidateMetadata(const Kind& kind, const json::Object& object, FieldErrors& errors) {
  const json::Object* metadata = FindObject(object, {"metadata"});
  const std::string_view name =
      metadata == nullptr ? std::string_view() : Text(*metadata, {"name"});
  if (name.empty()) {
    errors.push_back(Required("metadata.name", "name or generateName is required"));
    return;
  }
  AddFaults("metadata.name", json::ToBoost(name), CheckName(kind, name), errors);
  if (const json::Object* labels = FindObject(*metadata, {"labels"})) {
    ValidateLabels(*labels, "metadata.labels", errors);
  }
  if (const json::Object* annotations = FindObject(*metadata, {"annotations"})) {
    ValidateAnnotations(*annotations, errors);
  }
  ValidateOwners(*metadata, errors);
}

}  // namespace kvplane::kinds
