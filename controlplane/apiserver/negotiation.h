// Negotiation: the form and the encoding that a client accepts an answer in.
//
// Thread safety: pure functions.
//
//   Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json
//   Negotiate(accept)->form == Form::kTable;
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kvplane::apiserver {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kProtobufType = "application/vnd.kubernetes.protobuf";
inline constexpr std::string_view kYamlType = "application/yaml";

enum class Encoding { kJson, kProtobuf, kYaml };
enum class Form { kObject, kTable, kMetadata };

struct Wanted {
  Encoding encoding = Encoding::kJson;
  Form form = Form::kObject;
  // Of apidiscovery.k8s.io, where that is what is accepted: "v2", "v2beta1".
  std::string discovery;

  std::string_view content_type() const {
    return encoding == Encoding::kProtobuf ? kProtobufType
           : encoding == Encoding::kYaml   ? kYamlType
                                           : kJsonType;
  }
};

// The first range of the header that can be had; nothing where there is none.
std::optional<Wanted> Negotiate(std::string_view accept, bool protobuf = true);

// The type of a body without its parameters, in lower case.
std::string MediaType(std::string_view content_type);

}  // namespace kvplane::apiserver
