// Bytes of a client taken for an object, in protobuf or JSON. Whatever they are: an error or a
// document, which both encodings carry unchanged, and of which nothing else is canonical.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/canonical.h"
#include "api/envelope.h"
#include "api/field_validation.h"
#include "api/json.h"
#include "api/schema.h"

namespace {

using namespace kvplane::api;  // NOLINT: a program of one file

void Demand(bool holds) {
  if (!holds) std::abort();
}

const Message* MessageOf(const json::Value& document) {
  if (!document.is_object()) return nullptr;
  const auto text = [&document](std::string_view name) {
    const json::Value* value = json::Find(document.get_object(), name);
    return value != nullptr && value->is_string() ? json::View(value->get_string())
                                                  : std::string_view();
  };
  return Schema::Kubernetes().FindMessage(text("apiVersion"), text("kind"));
}

// What protobuf makes of a document, it leaves as it is.
void CheckProtobuf(const json::Value& document) {
  const auto bytes = EncodeObject(Schema::Kubernetes(), document.get_object());
  Demand(bytes.ok());
  const auto decoded = DecodeObject(Schema::Kubernetes(), *bytes);
  Demand(decoded.ok());
  const auto again = EncodeObject(Schema::Kubernetes(), decoded->get_object());
  Demand(again.ok());
  const auto twice = DecodeObject(Schema::Kubernetes(), *again);
  Demand(twice.ok() && ToJson(*twice) == ToJson(*decoded));
}

void CheckJson(std::string_view text) {
  const auto parsed = ParseJson(text);
  const Message* message = parsed.ok() ? MessageOf(*parsed) : nullptr;
  FindFieldFaults(message, text);
  FindFieldFaults(nullptr, text);
  if (!parsed.ok()) return;
  const auto reread = ParseJson(ToJson(*parsed));
  Demand(reread.ok() && ToJson(*reread) == ToJson(*parsed));
  if (message == nullptr) return;
  const auto canonical = Canonicalize(*message, *parsed);
  if (!canonical.ok()) return;
  const auto again = Canonicalize(*message, *canonical);
  Demand(again.ok() && ToJson(*again) == ToJson(*canonical));
  Demand(FindFieldFaults(message, ToJson(*canonical)).empty());
  CheckProtobuf(*canonical);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (!IsEnvelope(input)) {
    CheckJson(input);
    return 0;
  }
  const auto document = DecodeObject(Schema::Kubernetes(), input);
  if (document.ok()) CheckProtobuf(*document);
  return 0;
}
