#include "kinds/metadata_validation.h"

#include <algorithm>
#include <string>

#include "base/strings.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

constexpr std::string_view kSubdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kLabel =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kServiceName =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kLabelValue =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view kQualifiedName =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

constexpr size_t kMostAnnotationBytes = size_t{256} << 10;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLowerAlphanumeric(char c) { return IsLower(c) || IsDigit(c); }
bool IsAlphanumeric(char c) { return IsLowerAlphanumeric(c) || (c >= 'A' && c <= 'Z'); }

// Alphanumeric at both ends, and of `between` otherwise.
template <typename Alphanumeric>
bool IsWord(std::string_view text, Alphanumeric alphanumeric, std::string_view between) {
  return !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return alphanumeric(c) || between.find(c) != std::string_view::npos;
         });
}

std::string_view FaultOfQualifiedName(std::string_view key) {
  const size_t slash = key.find('/');
  std::string_view name = key;
  if (slash != std::string_view::npos) {
    if (key.find('/', slash + 1) != std::string_view::npos) return kQualifiedName;
    if (key.substr(0, slash).empty()) return "prefix part must be non-empty";
    std::string lower(key.substr(0, slash));
    if (!FaultOfSubdomain(lower).empty()) return kSubdomain;
    name = key.substr(slash + 1);
  }
  if (name.empty()) return "name part must be non-empty";
  if (name.size() > 63) return "name part must be no more than 63 bytes";
  return IsWord(name, IsAlphanumeric, "-_.") ? std::string_view() : kQualifiedName;
}

std::string_view FaultOfLabelValue(std::string_view value) {
  if (value.empty()) return {};
  if (value.size() > 63) return "must be no more than 63 bytes";
  return IsWord(value, IsAlphanumeric, "-_.") ? std::string_view() : kLabelValue;
}

std::string_view FaultOfName(const Kind& kind, std::string_view name) {
  if (kind.group == "rbac.authorization.k8s.io") return FaultOfPathSegment(name);
  if (kind.group.empty() && kind.plural == "namespaces") return FaultOfLabel(name);
  if (kind.group.empty() && kind.plural == "services") return FaultOfServiceName(name);
  return FaultOfSubdomain(name);
}

void ValidateAnnotations(const json::Object& annotations, FieldErrors& errors) {
  size_t bytes = 0;
  for (const auto& entry : annotations) {
    const std::string_view key = json::View(entry.key());
    std::string lower(key);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (const std::string_view fault = FaultOfQualifiedName(lower); !fault.empty()) {
      errors.push_back(Invalid("metadata.annotations", json::ToBoost(key), fault));
    }
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

std::string_view FaultOfSubdomain(std::string_view name) {
  if (name.size() > 253) return "must be no more than 253 bytes";
  size_t begin = 0;
  for (;;) {
    const size_t dot = name.find('.', begin);
    if (!IsWord(name.substr(begin, dot - begin), IsLowerAlphanumeric, "-")) return kSubdomain;
    if (dot == std::string_view::npos) return {};
    begin = dot + 1;
  }
}

std::string_view FaultOfLabel(std::string_view name) {
  if (name.size() > 63) return "must be no more than 63 bytes";
  return IsWord(name, IsLowerAlphanumeric, "-") ? std::string_view() : kLabel;
}

std::string_view FaultOfServiceName(std::string_view name) {
  if (name.size() > 63) return "must be no more than 63 bytes";
  return IsWord(name, IsLowerAlphanumeric, "-") && IsLower(name.front()) ? std::string_view()
                                                                         : kServiceName;
}

std::string_view FaultOfPathSegment(std::string_view name) {
  if (name == "." || name == "..") return "may not be '.' or '..'";
  if (name.find('/') != std::string_view::npos) return "may not contain '/'";
  if (name.find('%') != std::string_view::npos) return "may not contain '%'";
  return {};
}

void ValidateLabels(const json::Object& labels, const std::string& field, FieldErrors& errors) {
  for (const auto& label : labels) {
    const std::string_view key = json::View(label.key());
    if (const std::string_view fault = FaultOfQualifiedName(key); !fault.empty()) {
      errors.push_back(Invalid(field, json::ToBoost(key), fault));
    }
    const std::string value = Plain(label.value());
    if (const std::string_view fault = FaultOfLabelValue(value); !fault.empty()) {
      errors.push_back(Invalid(field, json::Value(value.c_str()), fault));
    }
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
  if (const std::string_view fault = FaultOfName(kind, name); !fault.empty()) {
    errors.push_back(Invalid("metadata.name", json::ToBoost(name), fault));
  }
  if (const json::Object* labels = FindObject(*metadata, {"labels"})) {
    ValidateLabels(*labels, "metadata.labels", errors);
  }
  if (const json::Object* annotations = FindObject(*metadata, {"annotations"})) {
    ValidateAnnotations(*annotations, errors);
  }
  ValidateOwners(*metadata, errors);
}

}  // namespace kvplane::kinds
