// What names, labels and their like must look like, and Kubernetes' words for what is wrong.
//
// Each function returns what is wrong, nothing for a name that is well.
//
// Thread safety: pure functions.
//
//   CheckDns1123Label("Web");
//   // {"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', …"}
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kvplane::api {

using NameFaults = std::vector<std::string>;

NameFaults CheckDns1123Label(std::string_view name);      // namespaces: 63 bytes, no dots
NameFaults CheckDns1123Subdomain(std::string_view name);  // most objects: 253 bytes
NameFaults CheckDns1035Label(std::string_view name);      // services: begins with a letter
NameFaults CheckPathSegmentName(
    std::string_view name);  // roles and bindings: no '/', '%', "." or ".."
// Labels', annotations', taints' and finalizers' keys: [subdomain/]name.
NameFaults CheckQualifiedName(std::string_view name);
NameFaults CheckLabelValue(std::string_view value);
NameFaults CheckConfigMapKey(std::string_view key);
NameFaults CheckEnvironmentName(std::string_view name);
NameFaults CheckPortName(std::string_view name);

}  // namespace kvplane::api
