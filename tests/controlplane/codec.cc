// Answers what the comparison with Kubernetes asks, over a pipe: each request is a line
// `COMMAND LENGTH…` and that many bytes for each length; each answer `ok LENGTH` or `error LENGTH`
// and the bytes.
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "api/canonical.h"
#include "api/envelope.h"
#include "api/field_ownership.h"
#include "api/field_selector.h"
#include "api/field_validation.h"
#include "api/json.h"
#include "api/json_patch.h"
#include "api/label_selector.h"
#include "api/merge_patch.h"
#include "api/names.h"
#include "api/quantity.h"
#include "api/schema.h"
#include "api/strategic_merge_patch.h"
#include "base/status.h"
#include "base/strings.h"
#include "controlplane/merge_schema.h"

namespace kvplane::api {
namespace {

using Arguments = std::vector<std::string>;

const Message* MessageOf(const json::Object& document) {
  const auto text = [&document](std::string_view name) {
    const json::Value* value = json::Find(document, name);
    return value != nullptr && value->is_string() ? json::View(value->get_string())
                                                  : std::string_view();
  };
  return Schema::Kubernetes().FindMessage(text("apiVersion"), text("kind"));
}

absl::StatusOr<json::Value> CanonicalDocument(std::string_view text) {
  ASSIGN_OR_RETURN(json::Value document, ParseJson(text));
  const Message* message = document.is_object() ? MessageOf(document.get_object()) : nullptr;
  if (message == nullptr) return absl::NotFoundError("no such kind");
  return Canonicalize(*message, std::move(document));
}

absl::StatusOr<std::string> Patched(const std::string& command, std::string_view text,
                                    std::string_view patch_text) {
  ASSIGN_OR_RETURN(json::Value document, ParseJson(text));
  ASSIGN_OR_RETURN(const json::Value patch, ParseJson(patch_text));
  const Message* message = MessageOf(document.get_object());
  if (message == nullptr) return absl::NotFoundError("no such kind");
  if (command == "strategic-merge-patch") {
    ASSIGN_OR_RETURN(document, StrategicMergePatch(*message, std::move(document), patch));
  } else if (command == "json-patch") {
    ASSIGN_OR_RETURN(document, ApplyJsonPatch(std::move(document), patch));
  } else {
    MergePatch(document, patch);
  }
  ASSIGN_OR_RETURN(document, Canonicalize(*message, std::move(document)));
  return ToJson(document);
}

// apply LIVE CONFIGURATION MANAGER FORCE, update LIVE OBJECT MANAGER: the object that comes of it.
// An empty LIVE is one that is not there yet.
absl::StatusOr<std::string> Managed(const std::string& command, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const json::Value given, ParseJson(arguments[1]));
  const Message* message = MessageOf(given.get_object());
  if (message == nullptr) return absl::NotFoundError("no such kind");
  const FieldOwnership fields(*message,
                              json::View(given.get_object().at("apiVersion").as_string()));
  json::Object live = fields.Nothing();
  if (!arguments[0].empty()) {
    ASSIGN_OR_RETURN(const json::Value document, ParseJson(arguments[0]));
    live = document.get_object();
  }
  const FieldOwnershipOptions options{.manager = arguments[2],
                                      .now = "2026-01-02T03:04:05Z",
                                      .force = arguments.size() > 3 && arguments[3] == "force"};
  if (command == "update") {
    ASSIGN_OR_RETURN(const json::Value object, Canonicalize(*message, given));
    ASSIGN_OR_RETURN(const json::Value updated,
                     Canonicalize(*message, fields.Update(live, object.get_object(), options)));
    return ToJson(updated);
  }
  ASSIGN_OR_RETURN(const ApplyResult applied, fields.Apply(live, given.get_object(), options));
  if (!applied.conflicts.empty()) return absl::AbortedError(applied.ConflictMessage());
  ASSIGN_OR_RETURN(const json::Value object, Canonicalize(*message, applied.object));
  return ToJson(object);
}

// What every kind of name finds wrong with a text, a line each.
std::string NameFaultsOf(std::string_view text) {
  std::string out;
  for (const auto check : {CheckDns1123Label, CheckDns1123Subdomain, CheckDns1035Label,
                           CheckPathSegmentName, CheckQualifiedName, CheckLabelValue,
                           CheckConfigMapKey, CheckEnvironmentName, CheckPortName}) {
    for (const std::string& fault : check(text)) out += fault + "; ";
    out += '\n';
  }
  return out;
}

absl::StatusOr<std::string> Answer(const std::string& command, const Arguments& arguments) {
  const Schema& schema = Schema::Kubernetes();
  if (command == "json-of-protobuf" && arguments.size() == 1) {
    ASSIGN_OR_RETURN(const json::Value document, DecodeObject(schema, arguments[0]));
    return ToJson(document);
  }
  if (command == "protobuf-of-json" && arguments.size() == 1) {
    ASSIGN_OR_RETURN(const json::Value document, CanonicalDocument(arguments[0]));
    return EncodeObject(schema, document.get_object());
  }
  if (command == "canonical" && arguments.size() == 1) {
    ASSIGN_OR_RETURN(const json::Value document, CanonicalDocument(arguments[0]));
    return ToJson(document);
  }
  if (command == "field-faults" && arguments.size() == 1) {
    ASSIGN_OR_RETURN(const json::Value document, ParseJson(arguments[0]));
    return StrictDecodingError(FindFieldFaults(MessageOf(document.get_object()), arguments[0]));
  }
  if (command == "label-selector" && arguments.size() == 1) {
    ASSIGN_OR_RETURN(const LabelSelector selector, LabelSelector::Parse(arguments[0]));
    return selector.ToString();
  }
  if (command == "field-selector" && arguments.size() == 1) {
    ASSIGN_OR_RETURN(const FieldSelector selector, FieldSelector::Parse(arguments[0]));
    return selector.ToString();
  }
  if (command == "quantity" && arguments.size() == 1) {
    ASSIGN_OR_RETURN(const Quantity quantity, Quantity::Parse(arguments[0]));
    return kvshim::base::Concat(quantity.ToString(), " ", quantity.Value(), " ",
                                quantity.MilliValue());
  }
  if (command == "name" && arguments.size() == 1) return NameFaultsOf(arguments[0]);
  if (command == "merge-schema") return ToJson(MergeSchema(schema));
  if (arguments.size() > 2) return Managed(command, arguments);
  if (arguments.size() == 2) return Patched(command, arguments[0], arguments[1]);
  return absl::InvalidArgumentError("no such command: " + command);
}

void Serve() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    Arguments arguments;
    for (size_t length; words >> length;) {
      std::string& bytes = arguments.emplace_back(length, '\0');
      std::cin.read(bytes.data(), static_cast<std::streamsize>(length));
    }
    const auto answer = Answer(command, arguments);
    const std::string_view text =
        answer.ok() ? *answer : kvshim::base::FromAbsl(answer.status().message());
    std::cout << (answer.ok() ? "ok " : "error ") << text.size() << '\n' << text << std::flush;
  }
}

}  // namespace
}  // namespace kvplane::api

int main() {
  std::ios::sync_with_stdio(false);
  kvplane::api::Serve();
}
