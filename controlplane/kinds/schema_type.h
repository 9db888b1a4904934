// What expressions know of a custom resource: the types that a structural schema stands for.
//
// Thread safety: pure functions.
//
//   cel::TypePtr self = SchemaType(schema, /*object=*/true);
#pragma once

#include "api/structural_schema.h"
#include "cel/type.h"

namespace kvplane::kinds {

// `object`: with the members that every object has. Null for what nothing is known of, which
// expressions have no access to.
cel::TypePtr SchemaType(const api::StructuralSchema& schema, bool object);

}  // namespace kvplane::kinds
