// What OpenAPI tells of custom resources: the schemas of their definitions, with what every object
// has.
//
// Thread safety: pure functions.
//
//   DefinedSchemaName(kind) == "com.example.stable.v1.CronTab";
//   schemas[DefinedSchemaName(kind)] = DefinedSchema(kind, metadata_reference);
#pragma once

#include <string>
#include <string_view>

#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::apiserver {

std::string DefinedSchemaName(const kinds::Kind& kind);
std::string DefinedListName(const kinds::Kind& kind);

// `metadata` refers to the schema of the metadata of objects, or of lists.
api::json::Object DefinedSchema(const kinds::Kind& kind, std::string_view metadata);
api::json::Object DefinedListSchema(const kinds::Kind& kind, std::string_view prefix,
                                    std::string_view metadata);

}  // namespace kvplane::apiserver
