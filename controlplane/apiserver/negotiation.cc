#include "apiserver/negotiation.h"

#include <algorithm>
#include <cctype>

namespace kvplane::apiserver {

namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the text before the separator, and the separator.
std::string_view Next(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = Trim(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

std::optional<Wanted> ReadRange(std::string_view range) {
  Wanted wanted;
  const std::string type = MediaType(Next(range, ';'));
  if (type == kProtobufType) {
    wanted.encoding = Encoding::kProtobuf;
  } else if (type == kYamlType) {
    wanted.encoding = Encoding::kYaml;
  } else if (type != kJsonType && type != "*/*" && type != "application/*") {
    return std::nullopt;
  }
  std::string_view as;
  std::string_view group;
  std::string_view version;
  while (!range.empty()) {
    std::string_view parameter = Next(range, ';');
    const std::string_view name = Next(parameter, '=');
    if (name == "as") as = parameter;
    if (name == "g") group = parameter;
    if (name == "v") version = parameter;
  }
  if (as.empty()) return wanted;
  if (as == "APIGroupDiscoveryList" && group == "apidiscovery.k8s.io" &&
      (version == "v2" || version == "v2beta1")) {
    wanted.discovery = version;
    return wanted;
  }
  if (group != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) return std::nullopt;
  if (as == "Table") {
    if (wanted.encoding == Encoding::kProtobuf) return std::nullopt;
    wanted.form = Form::kTable;
    return wanted;
  }
  if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList") {
    wanted.form = Form::kMetadata;
    return wanted;
  }
  return std::nullopt;
}

}  // namespace

std::string MediaType(std::string_view content_type) {
  std::string type(Trim(content_type.substr(0, content_type.find(';'))));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
}

std::optional<Wanted> Negotiate(std::string_view accept, bool protobuf) {
  if (Trim(accept).empty()) return Wanted();
  while (!accept.empty()) {
    const auto wanted = ReadRange(Next(accept, ','));
    const bool refused = !protobuf && wanted.has_value() && wanted->encoding == Encoding::kProtobuf;
    if (wanted.has_value() && !refused) return wanted;
  }
  return std::nullopt;
}

}  // namespace kvplane::apiserver
