#include "report.h"

#include <algorithm>

#include "base/strings.h"
#include "fields.h"
#include "goals.h"
#include "numbers.h"

namespace kvshim::bench {
namespace {

using Results = std::vector<Result>;

std::string NumberIfKnown(double value) { return value < 0 ? "–" : Number(value); }
std::string Milliseconds(double microseconds) { return Number(microseconds / 1000); }
std::string Mebibytes(double bytes) { return Number(bytes / (1 << 20)); }

std::string Times(double ratio) { return ratio < 0.01 ? "< 0.01" : Number(ratio); }

std::string Ratio(const Results& ours, const Results& theirs, Field field) {
  const std::vector<double> ratios = Ratios(ours, theirs, field);
  if (ratios.empty()) return "–";
  const auto [least, greatest] = std::ranges::minmax(ratios);
  return base::Concat("**", Times(MedianOf(ratios)), " ×** (", Times(least), "–", Times(greatest),
                      ")");
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

Table RateTable() { return {{{"/s", fields::Rate, Number}}, fields::Rate}; }

Table LatencyTable() {
  return {{{"p50", fields::P50, Milliseconds},
           {"p99", fields::P99, Milliseconds},
           {"p99.9", fields::P999, Milliseconds}},
          fields::P99,
          "p99 ratio"};
}

bool HasDatabase(const Group& group) { return group.engine != Engine::kSqlite; }

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

std::string ToMarkdown(const Group& group) {
  if (group.rates) {
    return base::Concat(
        "\n### ", group.title, "\n\nLatency in milliseconds from when each was due:\n\n",
        ToMarkdown(LatencyTable(), group), "\nOperations a second that came of it:\n\n",
        ToMarkdown(RateTable(), group), FailuresOf(group));
  }
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
      "\nResident memory at the end of the measurement and at most (the ratio is of the latter), "
      "and "
      "the processors kept busy by the load generator and by other processes:\n\n",
      ToMarkdown(MemoryTable(group), group));
  if (writes) {
    text += base::Concat(
        "\nBytes written to the device and syncs of it (as the servers count "
        "them; kine does not) for each operation; the ratio is of the bytes:\n\n",
        ToMarkdown(WrittenTable(group), group));
  }
  return text + FailuresOf(group);
}

std::string GoalsOf(const Comparison& comparison) {
  std::string text = "\n### Goals\n\n| goal | wanted | found | |\n|---|---:|---:|---|\n";
  for (const GoalResult& goal : CheckGoals(comparison)) {
    const char* state = goal.state == GoalResult::State::kMet      ? "met"
                        : goal.state == GoalResult::State::kMissed ? "**not met**"
                                                                   : "not measured";
    text += base::Concat("| ", goal.what, " | ", goal.wanted, " | ",
                         goal.found.empty() ? "–" : goal.found, " | ", state, " |\n");
  }
  return text;
}

std::string FiguresOf(const Comparison& comparison) {
  if (comparison.figures.empty()) return "";
  std::string text = "\n### Scenarios\n\n| what | | |\n|---|---|---|\n";
  for (const Figure& figure : comparison.figures) {
    text += base::Concat("| ", figure.name, " |");
    for (const auto& [name, value] : figure.values) {
      text += base::Concat(" ", name, ": ", Number(value), " ", figure.unit, " |");
    }
    for (size_t i = figure.values.size(); i < 2; ++i) text += " |";
    text += "\n";
  }
  return text;
}

std::string LimitsOf(const Comparison& comparison) {
  if (comparison.limits.empty()) return "";
  std::string text =
      "\n### What is possible here\n\nA gRPC server that does nothing but answer as many bytes, "
      "and the databases with nothing above them: one client that inserts rows and syncs. The "
      "fastest of the rounds.\n\n"
      "| | /s | p50 ms | p99 ms | server's or database's CPU µs |\n|---|---:|---:|---:|---:|\n";
  for (const auto& [name, result] : comparison.limits) {
    const double cpu = result.server_cpu_us + result.database_cpu_us;
    text += base::Concat("| ", name, " | ", Number(result.per_second), " | ",
                         Milliseconds(result.p50_us), " | ", Milliseconds(result.p99_us), " | ",
                         cpu > 0 ? Number(cpu) : "–", " |\n");
  }
  return text;
}

double Seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

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
  text += GoalsOf(comparison);
  for (const Group& group : comparison.groups) text += ToMarkdown(group);
  return text + FiguresOf(comparison) + LimitsOf(comparison);
}

}  // namespace kvshim::bench
