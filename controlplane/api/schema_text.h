// The tables of controlplane/api/schema as they lie in the program: text that lives as long as it.
#pragma once

#include <string_view>

namespace kvplane::api {

std::string_view KubernetesSchemaText();  // kubernetes.schema
std::string_view ResourceNamesText();     // names.table

}  // namespace kvplane::api
