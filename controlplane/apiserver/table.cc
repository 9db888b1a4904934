#include "apiserver/table.h"

#include <utility>

#include "apiserver/metadata_form.h"
#include "kinds/columns.h"
#include "kinds/conversion.h"
#include "kinds/members.h"

namespace kvplane::apiserver {

json::Array TableColumns(const kinds::Kind& kind) {
  json::Array columns;
  for (const kinds::Column& column : kinds::ColumnsOf(kind)) {
    columns.push_back(json::Object{{"name", json::ToBoost(column.name)},
                                   {"type", json::ToBoost(column.type)},
                                   {"format", json::ToBoost(column.format)},
                                   {"description", json::ToBoost(column.description)},
                                   {"priority", column.priority}});
  }
  return columns;
}

json::Object TableRow(const Call& call, json::Object object) {
  json::Object row{{"cells", kinds::CellsOf(call.kind(), object)}};
  const std::string_view include = call.Query("includeObject");
  if (include == "None") return row;
  kinds::FromStored(call.kind(), call.group_version(), object);
  if (include == "Object") {
    row["object"] = std::move(object);
  } else {
    row["object"] = MetadataForm(object);
  }
  return row;
}

json::Object TableOf(const Call& call, const std::vector<json::Object>& objects) {
  json::Array rows;
  std::string version;
  for (const json::Object& object : objects) {
    version = kinds::Text(object, {"metadata", "resourceVersion"});
    rows.push_back(TableRow(call, object));
  }
  return {{"kind", "Table"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", json::Object{{"resourceVersion", version}}},
          {"columnDefinitions", TableColumns(call.kind())},
          {"rows", std::move(rows)}};
}

}  // namespace kvplane::apiserver
