#include "tables.h"

#include <algorithm>

#include "base/strings.h"
#include "numbers.h"

namespace kvshim::bench {
namespace {

using Results = std::vector<Result>;

std::string NumberIfKnown(double value) { return value < 0 ? "–" : Number(value); }
std::string Milliseconds(double microseconds) { return Number(microseconds / 1000); }
std::string Mebibytes(double bytes) { return Number(bytes / (1 << 20)); }

std::string Times(double ratio) { return ratio < 0.01 ? "< 0.01" : Number(ratio); }

}  // namespace

std::string RatioText(const std::vector<double>& ratios) {
  if (ratios.empty()) return "–";
  const auto [least, greatest] = std::ranges::minmax(ratios);
  return base::Concat("**", Times(MedianOf(ratios)), " ×** (", Times(least), "–", Times(greatest),
                      ")");
}

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
        text += base::Concat(" ", RatioText(Ratios(workload.results[0], results, table.compared)),
                             " |");
      }
    }
    text += "\n";
  }
  return text;
}

Table RateTable() { return {{{"/s", fields::Rate, Number}}, fields::Rate}; }

Table LatencyTable() {
  return {{{"p50", fields::P50, Milliseconds},
           {"p99", fields::P99, Milliseconds},
           {"p99.9", fields::P999, Milliseconds}},
          fields::P99,
          "p99 ratio"};
}

static bool HasDatabase(const Group& group) { return group.engine != Engine::kSqlite; }

Table CpuTable(const Group& group) {
  if (!HasDatabase(group)) return {{{"µs", fields::ServerCpu, Number}}, fields::ServerCpu};
  return {{{"µs", fields::ServerCpu, Number}, {"its database µs", fields::DatabaseCpu, Number}},
          fields::AllCpu,
          "ratio of both"};
}

Table MemoryTable(const Group& group) {
  Table table{
      {{"MiB", fields::ServerMemory, Mebibytes}, {"at most", fields::ServerPeak, Mebibytes}},
      fields::ServerPeak};
  if (HasDatabase(group))
    table.columns.push_back({"its database MiB", fields::DatabaseMemory, Mebibytes});
  table.columns.push_back({"load", fields::OwnLoad, Number});
  table.columns.push_back({"others", fields::ForeignLoad, Number});
  return table;
}

Table WrittenTable(const Group& group) {
  Table table{{{"B", fields::ServerWritten, Number}}, fields::AllWritten, "ratio", true};
  if (HasDatabase(group)) {
    table.columns.push_back({"its database B", fields::DatabaseWritten, Number});
    table.ratio_title = "ratio of both";
  }
  table.columns.push_back({"syncs", fields::Syncs, NumberIfKnown});
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

std::string ToMarkdown(const std::vector<GoalResult>& goals) {
  std::string text = "| goal | wanted | found | |\n|---|---:|---:|---|\n";
  for (const GoalResult& goal : goals) {
    const char* state = goal.state == GoalResult::State::kMet      ? "met"
                        : goal.state == GoalResult::State::kMissed ? "**not met**"
                                                                   : "not measured";
    text += base::Concat("| ", goal.what, " | ", goal.wanted, " | ",
                         goal.found.empty() ? "–" : goal.found, " | ", state, " |\n");
  }
  return text;
}

}  // namespace kvshim::bench
