// Selection: the objects that a label selector and a field selector ask for together. Fields are
// those that the kind can be selected by (kinds/selectable_fields.h).
//
// Thread safety: immutable.
//
//   ASSIGN_OR_RETURN(Selection selection, Selection::Parse(kind, "v1", "app=web", ""));
//   selection.Matches(object);
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/label_selector.h"
#include "kinds/kind.h"
#include "registry/stored_object.h"

namespace kvplane::registry {

class Selection {
 public:
  // Everything.
  Selection() = default;
  // Fields are named as in `group_version`. Failures are BadRequest.
  static absl::StatusOr<Selection> Parse(const kinds::Kind& kind, std::string_view group_version,
                                         std::string_view labels, std::string_view fields);

  bool Matches(const StoredObject& object) const;
  bool all() const { return labels_.MatchesEverything() && fields_.empty(); }

 private:
  struct FieldRequirement {
    size_t index = 0;  // in kinds::SelectableFields
    std::string value;
    bool equal = true;
  };

  api::LabelSelector labels_;
  std::vector<FieldRequirement> fields_;
};

}  // namespace kvplane::registry
