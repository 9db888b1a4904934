#include "api/envelope.h"

#include <ranges>
#include <utility>

#include "api/protobuf.h"
#include "api/slots.h"
#include "api/wire.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

constexpr std::string_view kMagic("k8s\0", 4);

// Sets the texts of the length-delimited fields 1…, and passes over the rest.
template <size_t count>
bool ReadTexts(std::string_view bytes, std::string_view* const (&fields)[count]) {
  WireReader reader(bytes);
  while (!reader.done()) {
    uint32_t number;
    WireType type;
    if (!reader.Tag(number, type)) return false;
    const bool known = number <= count && type == WireType::kBytes;
    if (known ? !reader.Bytes(*fields[number - 1]) : !reader.Skip(type)) return false;
  }
  return true;
}

std::string_view Member(const json::Object& document, std::string_view name) {
  const json::Value* value = json::Find(document, name);
  return value != nullptr && value->is_string() ? json::View(value->get_string())
                                                : std::string_view();
}

// Of an envelope, which is written from its end: what follows its object, and what comes before it.
void WriteEncoding(WireWriter& writer, const Envelope& envelope) {
  writer.String(4, envelope.content_type);
  writer.String(3, envelope.content_encoding);
}

void WriteType(WireWriter& writer, const Envelope& envelope) {
  const size_t before = writer.size();
  writer.String(2, envelope.kind);
  writer.String(1, envelope.api_version);
  writer.EndMessage(1, before);
  writer.Raw(kMagic);
}

absl::Status NoKind(std::string_view api_version, std::string_view kind) {
  return absl::NotFoundError(
      Concat("no kind \"", kind, "\" is registered for version \"", api_version, "\""));
}

}  // namespace

bool IsEnvelope(std::string_view bytes) { return bytes.starts_with(kMagic); }

absl::StatusOr<Envelope> OpenEnvelope(std::string_view bytes) {
  if (!IsEnvelope(bytes)) {
    return absl::InvalidArgumentError(
        "provided data does not appear to be a protobuf message, expected prefix k8s\\0");
  }
  Envelope envelope;
  std::string_view type_meta;
  if (!ReadTexts(bytes.substr(kMagic.size()),
                 {&type_meta, &envelope.raw, &envelope.content_encoding, &envelope.content_type}) ||
      !ReadTexts(type_meta, {&envelope.api_version, &envelope.kind})) {
    return absl::InvalidArgumentError("proto: the envelope: unexpected EOF");
  }
  return envelope;
}

std::string SealEnvelope(const Envelope& envelope) {
  WireWriter writer;
  WriteEncoding(writer, envelope);
  writer.String(2, envelope.raw);
  WriteType(writer, envelope);
  return writer.Take();
}

absl::StatusOr<std::string> EncodeList(std::string_view empty,
                                       const std::vector<std::string_view>& items) {
  ASSIGN_OR_RETURN(const Envelope list, OpenEnvelope(empty));
  WireWriter writer;
  WriteEncoding(writer, list);
  const size_t before = writer.size();
  // Every list of Kubernetes has its metadata as the first field, and its items as the second.
  for (const std::string_view item : std::views::reverse(items)) {
    ASSIGN_OR_RETURN(const Envelope object, OpenEnvelope(item));
    writer.String(2, object.raw);
  }
  writer.Raw(list.raw);
  writer.EndMessage(2, before);
  WriteType(writer, list);
  return writer.Take();
}

absl::StatusOr<json::Value> DecodeObject(const Schema& schema, std::string_view bytes) {
  ASSIGN_OR_RETURN(const Envelope envelope, OpenEnvelope(bytes));
  const Message* message = schema.FindMessage(envelope.api_version, envelope.kind);
  if (message == nullptr) return NoKind(envelope.api_version, envelope.kind);
  if (!envelope.content_encoding.empty()) {
    return absl::InvalidArgumentError(
        Concat("unsupported content encoding \"", envelope.content_encoding, "\""));
  }
  ASSIGN_OR_RETURN(json::Object fields, DecodeProtobuf(*message, envelope.raw));
  if (!message->typed) return json::Value(std::move(fields));
  json::Object document;
  document.reserve(fields.size() + 2);
  document.emplace("kind", json::ToBoost(envelope.kind));
  document.emplace("apiVersion", json::ToBoost(envelope.api_version));
  for (auto& member : fields) document.emplace(member.key(), std::move(member.value()));
  return json::Value(std::move(document));
}

absl::StatusOr<std::string> EncodeObject(const Schema& schema, const json::Object& document) {
  const std::string_view api_version = Member(document, "apiVersion");
  const std::string_view kind = Member(document, "kind");
  const Message* message = schema.FindMessage(api_version, kind);
  if (message == nullptr) return NoKind(api_version, kind);
  if (message->wire.empty() && !message->fields.empty()) {
    return absl::UnimplementedError(
        Concat("object *", message->GoType(),
               " does not implement the protobuf marshalling interface and cannot be encoded to a "
               "protobuf message"));
  }
  ASSIGN_OR_RETURN(const std::string raw, EncodeProtobuf(*message, document));
  return SealEnvelope({.api_version = api_version, .kind = kind, .raw = raw});
}

std::string EncodeWatchEvent(std::string_view type, std::string_view object) {
  WireWriter writer;
  const size_t before = writer.size();
  writer.String(1, object);
  writer.EndMessage(2, before);
  writer.String(1, type);
  return writer.Take();
}

}  // namespace kvplane::api
