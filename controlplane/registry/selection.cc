#include "registry/selection.h"

#include <algorithm>
#include <utility>

#include "api/field_selector.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/selectable_fields.h"
#include "registry/failure.h"

namespace kvplane::registry {

using kvshim::base::Concat;
using kvshim::base::FromAbsl;

absl::StatusOr<Selection> Selection::Parse(const kinds::Kind& kind, std::string_view group_version,
                                           std::string_view labels, std::string_view fields) {
  Selection selection;
  auto by_label = api::LabelSelector::Parse(labels);
  if (!by_label.ok()) return BadRequest(FromAbsl(by_label.status().message()));
  selection.labels_ = *std::move(by_label);
  const auto by_field = api::FieldSelector::Parse(fields);
  if (!by_field.ok()) return BadRequest(FromAbsl(by_field.status().message()));
  const std::vector<std::string_view> known = kinds::SelectableFields(kind);
  for (const api::FieldRequirement& one : by_field->requirements()) {
    const std::string_view stored = kinds::StoredField(group_version, kind.name, one.field);
    const auto found = std::find(known.begin(), known.end(), stored);
    if (found == known.end()) {
      return BadRequest(Concat("field label not supported: ", one.field));
    }
    selection.fields_.push_back({static_cast<size_t>(found - known.begin()), one.value, one.equal});
  }
  return selection;
}

bool Selection::Matches(const StoredObject& object) const {
  for (const FieldRequirement& one : fields_) {
    if ((object.fields()[one.index] == one.value) != one.equal) return false;
  }
  return labels_.MatchesEverything() || labels_.Matches(object.labels());
}

}  // namespace kvplane::registry
