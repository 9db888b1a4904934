// A document and a patch, a line each, taken for every kind of patch, and for an applied
// configuration and one more: an error or a document, and who owns what can be read back.

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "api/canonical.h"
#include "api/field_ownership.h"
#include "api/field_selector.h"
#include "api/json.h"
#include "api/json_patch.h"
#include "api/label_selector.h"
#include "api/merge_patch.h"
#include "api/quantity.h"
#include "api/schema.h"
#include "api/strategic_merge_patch.h"

namespace {

using namespace kvplane::api;  // NOLINT: a program of one file

void Demand(bool holds) {
  if (!holds) std::abort();
}

void CheckTexts(std::string_view text) {
  if (const auto selector = LabelSelector::Parse(text); selector.ok()) {
    const auto again = LabelSelector::Parse(selector->ToString());
    Demand(again.ok() && again->ToString() == selector->ToString());
    selector->Matches({{"a", "b"}, {"c", "1"}});
  }
  if (const auto selector = FieldSelector::Parse(text); selector.ok()) {
    const auto again = FieldSelector::Parse(selector->ToString());
    Demand(again.ok() && again->ToString() == selector->ToString());
  }
  if (const auto canonical = CanonicalQuantity(text); canonical.ok()) {
    Demand(*Quantity::Parse(*canonical) == *Quantity::Parse(text));
  }
}

void CheckApply(const Message& message, const json::Object& first, const json::Object& second) {
  const FieldOwnership fields(message, "v1");
  FieldOwnershipOptions options{.manager = "a", .now = "2026-01-02T03:04:05Z"};
  const auto applied = fields.Apply(fields.Nothing(), first, options);
  if (!applied.ok()) return;
  Demand(applied->conflicts.empty());
  Demand(ManagedFields::Read(applied->object).ok());
  options.manager.assign(1, 'b');
  const auto other = fields.Apply(applied->object, second, options);
  if (!other.ok()) return;
  if (!other->conflicts.empty()) {
    other->ConflictMessage();
    options.force = true;
    const auto forced = fields.Apply(applied->object, second, options);
    Demand(forced.ok() && forced->conflicts.empty());
  }
  fields.Update(applied->object, other->object, options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  CheckTexts(input);
  if (line == std::string_view::npos) return 0;
  const auto document = ParseJson(input.substr(0, line));
  const auto patch = ParseJson(input.substr(line + 1));
  if (!document.ok() || !patch.ok()) return 0;
  ApplyJsonPatch(*document, *patch).IgnoreError();
  json::Value merged = *document;
  MergePatch(merged, *patch);
  const Message& pod = *Schema::Kubernetes().FindMessage("v1", "Pod");
  StrategicMergePatch(pod, *document, *patch).IgnoreError();
  if (document->is_object() && patch->is_object()) {
    CheckApply(pod, document->get_object(), patch->get_object());
  }
  return 0;
}
