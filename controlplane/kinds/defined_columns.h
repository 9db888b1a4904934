// The columns of custom resources: what a definition's additionalPrinterColumns say.
//
// Thread safety: pure but for the clock, which ages are counted by.
#pragma once

#include <vector>

#include "api/json.h"
#include "kinds/columns.h"
#include "kinds/definition.h"

namespace kvplane::kinds {

// With the name before them.
std::vector<Column> DefinedColumns(const std::vector<DefinedColumn>& columns);
json::Array DefinedCells(const DefinedVersion& version, const json::Object& object);

}  // namespace kvplane::kinds
