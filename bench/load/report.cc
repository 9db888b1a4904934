#include "report.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::bench {
namespace {

// A number of a result.
using Field = double (*)(const Result&);

double Rate(const Result& result) { return result.per_second; }
double P50(const Result& result) { return result.p50_us; }
double P99(const Result& result) { return result.p99_us; }
double P999(const Result& result) { return result.p999_us; }
double ServerCpu(const Result& result) { return result.server_cpu_us; }
double DatabaseCpu(const Result& result) { return result.database_cpu_us; }
double AllCpu(const Result& result) { return result.server_cpu_us + result.database_cpu_us; }
double ServerMemory(const Result& result) { return result.server_resident_bytes; }
double DatabaseMemory(const Result& result) { return result.database_resident_bytes; }
double ServerWritten(const Result& result) { return result.server_written_bytes; }
double DatabaseWritten(const Result& result) { return result.database_written_bytes; }
double AllWritten(const Result& result) {
  return result.server_written_bytes + result.database_written_bytes;
}
double OwnLoad(const Result& result) { return result.own_load; }
double ForeignLoad(const Result& result) { return result.foreign_load; }

using Results = std::vector<Result>;

double MedianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Median(const Results& results, Field field) {
  std::vector<double> values;
  for (const Result& result : results) {
    if (result.failure.empty()) values.push_back(field(result));
  }
  return MedianOf(std::move(values));
}

// Three digits that mean something, thousands apart: 12,300 or 1.23.
std::string Number(double value) {
  char text[64];
  if (value < 10) {
    std::snprintf(text, sizeof(text), "%.2f", value);
    return text;
  }
  if (value < 100) {
    std::snprintf(text, sizeof(text), "%.1f", value);
    return text;
  }
  const double step = value < 1000 ? 1 : std::pow(10, std::floor(std::log10(value)) - 2);
  std::snprintf(text, sizeof(text), "%.0f", std::round(value / step) * step);
  std::string digits = text;
  for (auto place = static_cast<int>(digits.size()) - 3; place > 0; place -= 3) {
    digits.insert(static_cast<size_t>(place), 1, ',');
  }
  return digits;
}

std::string Milliseconds(double microseconds) { return Number(microseconds / 1000); }
std::string Mebibytes(double bytes) { return Number(bytes / (1 << 20)); }

std::string Ratio(const Results& ours, const Results& theirs, Field field) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    if (!ours[i].failure.empty() || !theirs[i].failure.empty()) continue;
    if (field(theirs[i]) > 0) ratios.push_back(field(ours[i]) / field(theirs[i]));
  }
  if (ratios.empty()) return "–";
  const auto [least, greatest] = std::ranges::minmax(ratios);
  return base::Concat("**", Number(MedianOf(ratios)), " ×** (", Number(least), "–",
                      Number(greatest), ")");
}

bool HasNumbers(const Results& results) {
  return std::ranges::any_of(results, [](const Result& result) { return result.failure.empty(); });
}

using Show = std::string (*)(double);

// What a table shows of each contender, and by which number ours is compared with the others.
struct Column {
  std::string title;
  Field field;
  Show show;
};
struct Table {
  std::vector<Column> columns;
  Field compared;
  std::string ratio_title = "ratio";
  bool writes_only = false;  // reads write nothing but what earlier work left behind
};

std::string ToMarkdown(const Table& table, const Group& group) {
  std::string head = "| workload |";
  std::string line = "|---|";
  for (size_t i = 0; i < group.contenders.size(); ++i) {
    for (const Column& column : table.columns) {
      head += base::Concat(" ", group.contenders[i].name, " ", column.title, " |");
      line += "---:|";
    }
    if (i == 0) continue;
    head += base::Concat(" ", table.ratio_title, " |");
    line += "---:|";
  }
  std::string text = base::Concat(head, "\n", line, "\n");
  for (const WorkloadResults& workload : group.workloads) {
    if (table.writes_only && !workload.workload->writes) continue;
    text += base::Concat("| ", workload.name(), " |");
    for (size_t i = 0; i < workload.results.size(); ++i) {
      const Results& results = workload.results[i];
      for (const Column& column : table.columns) {
        text += base::Concat(
            " ", HasNumbers(results) ? column.show(Median(results, column.field)) : "–", " |");
      }
      if (i > 0) {
        text += base::Concat(" ", Ratio(workload.results[0], results, table.compared), " |");
      }
    }
    text += "\n";
  }
  return text;
}

Table RateTable() { return {{{"/s", Rate, Number}}, Rate}; }

Table LatencyTable() {
  return {{{"p50", P50, Milliseconds}, {"p99", P99, Milliseconds}, {"p99.9", P999, Milliseconds}},
          P99,
          "p99 ratio"};
}

bool HasDatabase(const Group& group) { return group.engine != Engine::kSqlite; }

Table CpuTable(const Group& group) {
  if (!HasDatabase(group)) return {{{"µs", ServerCpu, Number}}, ServerCpu};
  return {{{"µs", ServerCpu, Number}, {"its database µs", DatabaseCpu, Number}},
          AllCpu,
          "ratio of both"};
}

Table MemoryTable(const Group& group) {
  Table table{{{"MiB", ServerMemory, Mebibytes}}, ServerMemory};
  if (HasDatabase(group)) table.columns.push_back({"its database MiB", DatabaseMemory, Mebibytes});
  table.columns.push_back({"load", OwnLoad, Number});
  table.columns.push_back({"others", ForeignLoad, Number});
  return table;
}

Table WrittenTable(const Group& group) {
  Table table{{{"B", ServerWritten, Number}}, AllWritten, "ratio", true};
  if (HasDatabase(group)) {
    table.columns.push_back({"its database B", DatabaseWritten, Number});
    table.ratio_title = "ratio of both";
  }
  return table;
}

std::string FailuresOf(const Group& group) {
  std::string text;
  for (const WorkloadResults& workload : group.workloads) {
    for (size_t i = 0; i < workload.results.size(); ++i) {
      for (size_t round = 0; round < workload.results[i].size(); ++round) {
        const std::string& failure = workload.results[i][round].failure;
        if (failure.empty()) continue;
        text += base::Concat("- ", group.contenders[i].name, ", ", workload.name(), ", round ",
                             round + 1, ": ", failure, "\n");
      }
    }
  }
  return text.empty() ? text : base::Concat("\nFailed measurements:\n\n", text);
}

std::string ToMarkdown(const Group& group) {
  const bool writes = std::ranges::any_of(
      group.workloads, [](const WorkloadResults& workload) { return workload.workload->writes; });
  std::string text = base::Concat(
      "\n### ", group.title, "\n\n",
      group.engine == Engine::kSqlite ? "" : base::Concat(group.about_database, ".\n\n"),
      "Operations (for a watch: events delivered) a second:\n\n", ToMarkdown(RateTable(), group),
      "\nCPU time of each operation:\n\n", ToMarkdown(CpuTable(group), group),
      "\nLatency in milliseconds (for a watch: from the write being sent to the event being "
      "there):\n\n",
      ToMarkdown(LatencyTable(), group),
      "\nResident memory at the end of the measurement, and the processors kept busy by the load "
      "generator and by other processes:\n\n",
      ToMarkdown(MemoryTable(group), group));
  if (writes) {
    text += base::Concat("\nBytes written to the device for each operation:\n\n",
                         ToMarkdown(WrittenTable(group), group));
  }
  return text + FailuresOf(group);
}

boost::json::object ToJson(const Result& result) {
  if (!result.failure.empty()) return {{"failure", result.failure}};
  boost::json::object object{{"per_second", result.per_second},
                             {"p50_us", result.p50_us},
                             {"p99_us", result.p99_us},
                             {"p999_us", result.p999_us},
                             {"server_cpu_us", result.server_cpu_us},
                             {"server_written_bytes", result.server_written_bytes},
                             {"server_resident_bytes", result.server_resident_bytes},
                             {"server_peak_bytes", result.server_peak_bytes},
                             {"database_cpu_us", result.database_cpu_us},
                             {"database_written_bytes", result.database_written_bytes},
                             {"database_resident_bytes", result.database_resident_bytes},
                             {"own_load", result.own_load},
                             {"foreign_load", result.foreign_load}};
  if (result.syncs >= 0) object["syncs"] = result.syncs;
  boost::json::array distribution;
  for (size_t i = 0; i < result.distribution.size(); ++i) {
    distribution.push_back({{"percent", kPercentiles[i]}, {"us", result.distribution[i]}});
  }
  object["latencies"] = std::move(distribution);
  boost::json::array moments;
  for (const Moment& moment : result.moments) {
    moments.push_back({{"per_second", moment.per_second}, {"worst_us", moment.worst_us}});
  }
  object["each_100_ms"] = std::move(moments);
  for (const auto& [name, number] : result.further) object[name] = number;
  return object;
}

boost::json::array ToJson(const Results& results) {
  boost::json::array array;
  for (const Result& result : results) array.push_back(ToJson(result));
  return array;
}

boost::json::object ToJson(const Group& group) {
  boost::json::array contenders;
  for (const Contender& contender : group.contenders) {
    contenders.push_back(
        boost::json::object{{"name", contender.name}, {"servers", contender.servers}});
  }
  boost::json::array workloads;
  for (const WorkloadResults& workload : group.workloads) {
    boost::json::array results;
    for (const Results& of_one : workload.results) results.push_back(ToJson(of_one));
    workloads.push_back(
        boost::json::object{{"name", workload.name()}, {"results", std::move(results)}});
  }
  return {{"title", group.title},
          {"database", group.about_database},
          {"contenders", std::move(contenders)},
          {"workloads", std::move(workloads)}};
}

boost::json::array ToJson(const std::vector<std::string>& texts) {
  boost::json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

double Seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

absl::Status WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (file) return absl::OkStatus();
  return absl::PermissionDeniedError(
      base::ToAbsl(base::Concat("cannot write ", path.string(), "; does its folder exist?")));
}

}  // namespace

absl::Status Write(const Comparison& comparison) {
  const std::filesystem::path& folder = comparison.options.output;
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  RETURN_IF_ERROR(WriteFile(folder / "results.md", ToMarkdown(comparison)));
  return WriteFile(folder / "results.json", ToJson(comparison));
}

absl::Status Write(const std::vector<NamedResult>& results, const RunOptions& options) {
  if (!options.json.empty()) {
    boost::json::array array;
    for (const NamedResult& one : results) {
      boost::json::object object = ToJson(one.result);
      object["workload"] = one.name;
      array.push_back(std::move(object));
    }
    RETURN_IF_ERROR(WriteFile(options.json, boost::json::serialize(array) + "\n"));
  }
  return absl::OkStatus();
}

std::string ToMarkdown(const Comparison& comparison) {
  const LoadOptions& load = comparison.options.load;
  std::string text;
  for (const std::string& version : comparison.versions) {
    text += base::Concat(text.empty() ? "" : ", ", version);
  }
  text += base::Concat("; ", comparison.system, ", ", comparison.processors, " processors; ",
                       load.clients, " clients on ", load.connections, " connections, values of ",
                       load.value_size, " bytes, ", comparison.options.rounds, " rounds of ",
                       Number(Seconds(load.duration)), " s. Numbers are medians of the rounds; a ",
                       "ratio is that of the first server to this one in the same round, with the ",
                       "least and the greatest in brackets.\n");
  for (const std::string& line : comparison.absent) {
    text += base::Concat("\nLeft out: ", line, ".\n");
  }
  for (const Group& group : comparison.groups) text += ToMarkdown(group);
  return text;
}

std::string ToJson(const Comparison& comparison) {
  const LoadOptions& load = comparison.options.load;
  boost::json::array groups;
  for (const Group& group : comparison.groups) groups.push_back(ToJson(group));
  const boost::json::object object{{"versions", ToJson(comparison.versions)},
                                   {"absent", ToJson(comparison.absent)},
                                   {"system", comparison.system},
                                   {"processors", comparison.processors},
                                   {"clients", load.clients},
                                   {"connections", load.connections},
                                   {"value_size", load.value_size},
                                   {"duration_ms", load.duration.count()},
                                   {"rounds", comparison.options.rounds},
                                   {"groups", std::move(groups)}};
  return boost::json::serialize(object) + "\n";
}

}  // namespace kvshim::bench
