// Columns: what kubectl get prints of a kind, a cell each.
//
// Thread safety: pure but for the clock, which ages are counted by.
//
//   ColumnsOf(pods)[1].name == "Ready";
//   CellsOf(pods, object)[1] == "0/1";
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::kinds {

namespace json = api::json;

struct Column {
  std::string_view name;
  std::string_view type = "string";
  int priority = 0;  // above 0: only where more is asked for, as kubectl's -o wide does
  json::Value (*cell)(const json::Object& object) = nullptr;  // null of a custom resource's
  std::string_view format = "";
  std::string_view description = "";
};

// Name and age where the kind has no table of its own.
std::span<const Column> ColumnsOf(const Kind& kind);
json::Array CellsOf(const Kind& kind, const json::Object& object);

// "5m12s", as short as tells enough.
std::string HumanDuration(std::chrono::seconds duration);
// How long ago a time was; "<unknown>" where there is none.
std::string Since(std::string_view time);

// A file a group of kinds: empty where it has none of that name.
std::span<const Column> PodColumns(const Kind& kind);
std::span<const Column> WorkloadColumns(const Kind& kind);
std::span<const Column> ServiceColumns(const Kind& kind);
std::span<const Column> ClusterColumns(const Kind& kind);
std::span<const Column> ResourceColumns(const Kind& kind);
std::span<const Column> PolicyColumns(const Kind& kind);

// Cells that many kinds share.
json::Value NameCell(const json::Object& object);
json::Value AgeCell(const json::Object& object);
json::Value TextCell(std::string_view text, std::string_view otherwise = "<none>");
// The names, or images, of the containers of a pod's specification.
json::Value ContainerCell(const json::Object* spec, std::string_view member);
// "a=b,c=d", or "<none>".
json::Value LabelsCell(const json::Object* labels);
json::Value SelectorCell(const json::Object* selector);

inline constexpr Column kNameColumn{"Name", "string", 0, NameCell, "name"};
inline constexpr Column kAgeColumn{"Age", "string", 0, AgeCell};

}  // namespace kvplane::kinds
