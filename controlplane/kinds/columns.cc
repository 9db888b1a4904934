#include "kinds/columns.h"

#include <algorithm>
#include <vector>

#include "api/timestamp.h"
#include "base/strings.h"
#include "kinds/defined_columns.h"
#include "kinds/members.h"

namespace kvplane::kinds {

using kvshim::base::Concat;

namespace {

constexpr Column kPlain[] = {kNameColumn, {"Created At", "date", 0, [](const json::Object& object) {
                                             return json::Value(json::ToBoost(
                                                 Text(object, {"metadata", "creationTimestamp"})));
                                           }}};

// "key in (a,b)".
std::string Requirement(const json::Object& requirement) {
  const std::string key(Text(requirement, {"key"}));
  const std::string_view op = Text(requirement, {"operator"});
  if (op == "Exists") return key;
  if (op == "DoesNotExist") return "!" + key;
  std::string out = Concat(key, op == "In" ? " in (" : " notin (");
  bool first = true;
  if (const json::Array* values = FindArray(requirement, {"values"})) {
    for (const json::Value& value : *values) {
      if (!first) out += ',';
      first = false;
      out += Plain(value);
    }
  }
  return out + ")";
}

}  // namespace

std::span<const Column> ColumnsOf(const Kind& kind) {
  if (kind.definition != nullptr) return kind.version->table;
  for (const auto find : {PodColumns, WorkloadColumns, ServiceColumns, ClusterColumns,
                          ResourceColumns, PolicyColumns}) {
    if (const auto columns = find(kind); !columns.empty()) return columns;
  }
  return kPlain;
}

json::Array CellsOf(const Kind& kind, const json::Object& object) {
  if (kind.definition != nullptr) return DefinedCells(*kind.version, object);
  json::Array cells;
  for (const Column& column : ColumnsOf(kind)) cells.push_back(column.cell(object));
  return cells;
}

std::string HumanDuration(std::chrono::seconds duration) {
  const int64_t seconds = duration.count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return Concat(seconds, "s");
  const auto two = [](int64_t whole, std::string_view unit, int64_t part, std::string_view less) {
    return part == 0 ? Concat(whole, unit) : Concat(whole, unit, part, less);
  };
  const int64_t minutes = seconds / 60;
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return Concat(minutes, "m");
  const int64_t hours = minutes / 60;
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return Concat(hours, "h");
  const int64_t days = hours / 24;
  if (hours < 192) return two(days, "d", hours % 24, "h");
  if (days < 365 * 2) return Concat(days, "d");
  if (days < 365 * 8) return two(days / 365, "y", days % 365, "d");
  return Concat(days / 365, "y");
}

std::string Since(std::string_view time) {
  const auto parsed = api::ParseTimestamp(time);
  if (time.empty() || !parsed.ok()) return "<unknown>";
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return HumanDuration(std::chrono::duration_cast<std::chrono::seconds>(now) -
                       std::chrono::seconds(parsed->seconds));
}

json::Value NameCell(const json::Object& object) {
  return json::Value(json::ToBoost(Text(object, {"metadata", "name"})));
}

json::Value AgeCell(const json::Object& object) {
  return json::Value(Since(Text(object, {"metadata", "creationTimestamp"})).c_str());
}

json::Value TextCell(std::string_view text, std::string_view otherwise) {
  return json::Value(json::ToBoost(text.empty() ? otherwise : text));
}

json::Value ContainerCell(const json::Object* spec, std::string_view member) {
  std::string out;
  if (spec != nullptr) {
    ForEach(*spec, {"containers"}, [&](const json::Object& container) {
      if (!out.empty()) out += ',';
      out += Text(container, {member});
    });
  }
  return json::Value(out.c_str());
}

json::Value LabelsCell(const json::Object* labels) {
  if (labels == nullptr || labels->empty()) return "<none>";
  std::vector<std::string> parts;
  for (const auto& label : *labels) {
    parts.push_back(Concat(json::View(label.key()), '=', Plain(label.value())));
  }
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const std::string& part : parts) out.append(out.empty() ? "" : ",").append(part);
  return json::Value(out.c_str());
}

json::Value SelectorCell(const json::Object* selector) {
  if (selector == nullptr) return "<none>";
  std::string out;
  if (const json::Object* labels = FindObject(*selector, {"matchLabels"})) {
    if (!labels->empty()) out = Plain(LabelsCell(labels));
  }
  ForEach(*selector, {"matchExpressions"}, [&](const json::Object& one) {
    out.append(out.empty() ? "" : ",").append(Requirement(one));
  });
  return TextCell(out);
}

}  // namespace kvplane::kinds
