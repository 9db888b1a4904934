#include "report.h"

#include <algorithm>

#include "base/strings.h"
#include "goals.h"
#include "numbers.h"
#include "tables.h"

namespace kvshim::bench {
namespace {

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
                         Number(result.p50_us / 1000), " | ", Number(result.p99_us / 1000), " | ",
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
  text += "\n### Goals\n\n" + ToMarkdown(CheckGoals(comparison));
  for (const Group& group : comparison.groups) text += ToMarkdown(group);
  return text + FiguresOf(comparison) + LimitsOf(comparison);
}

}  // namespace kvshim::bench
