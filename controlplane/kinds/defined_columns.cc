#include "kinds/defined_columns.h"

#include <cstdint>
#include <string>

#include "api/timestamp.h"

namespace kvplane::kinds {

namespace {

// A text is shown as it is, anything else as JSON.
json::Value PrintedCell(const json::Value& value) {
  return value.is_string() ? value : json::Value(api::ToJson(value).c_str());
}

json::Value DateCell(const json::Value& value) {
  if (!value.is_string()) return nullptr;
  const std::string_view time = json::View(value.get_string());
  if (!api::ParseTimestamp(time).ok()) return "<invalid>";
  return json::Value(Since(time).c_str());
}

json::Value Cell(const DefinedColumn& column, const json::Object& object) {
  const json::Value* value = column.path.First(object);
  if (value == nullptr || value->is_null()) return nullptr;
  if (column.type == "string") return PrintedCell(*value);
  if (column.type == "date") return DateCell(*value);
  if (column.type == "boolean") return value->is_bool() ? *value : json::Value();
  if (!value->is_number()) return nullptr;
  if (column.type == "integer" && value->is_double()) {
    return static_cast<int64_t>(value->get_double());
  }
  return *value;
}

}  // namespace

std::vector<Column> DefinedColumns(const std::vector<DefinedColumn>& columns) {
  std::vector<Column> table = {
      {"Name", "string", 0, nullptr, "name",
       "Name must be unique within a namespace. Is required when creating resources, although some "
       "resources may allow a client to request the generation of an appropriate name "
       "automatically."}};
  for (const DefinedColumn& column : columns) {
    table.push_back(
        {column.name, column.type, column.priority, nullptr, column.format, column.description});
  }
  return table;
}

json::Array DefinedCells(const DefinedVersion& version, const json::Object& object) {
  json::Array cells{NameCell(object)};
  for (const DefinedColumn& column : version.columns) cells.push_back(Cell(column, object));
  return cells;
}

}  // namespace kvplane::kinds
