#include "cluster_report.h"

#include <algorithm>
#include <filesystem>

#include "base/status.h"
#include "base/strings.h"
#include "bench/load/marked_text.h"
#include "bench/load/numbers.h"
#include "bench/load/report.h"
#include "bench/load/tables.h"

namespace kvshim::bench {
namespace {

using base::Concat;

GoalResult AtMost(const ClusterComparison& comparison, const std::string& name, double wanted) {
  const auto figure = std::ranges::find(comparison.figures, name, &ClusterFigure::name);
  GoalResult goal{name, "", "", GoalResult::State::kUnknown};
  if (figure == comparison.figures.end() || figure->values[0].empty()) {
    goal.wanted = Concat("≤ ", Number(wanted));
    return goal;
  }
  const double found = MedianOf(figure->values[0]);
  goal.wanted = Concat("≤ ", Number(wanted), " ", figure->unit);
  goal.found = Concat(Number(found), " ", figure->unit);
  goal.state = found <= wanted ? GoalResult::State::kMet : GoalResult::State::kMissed;
  return goal;
}

std::vector<GoalResult> CheckGoals(const ClusterComparison& comparison) {
  return {AtMost(comparison, kClusterIdle, 40), AtMost(comparison, kClusterStart, 1),
          AtMost(comparison, kPackageSize, 25)};
}

std::vector<double> Ratios(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    if (theirs[i] > 0) ratios.push_back(ours[i] / theirs[i]);
  }
  return ratios;
}

std::string FiguresOf(const ClusterComparison& comparison) {
  std::string head = "| what |";
  std::string line = "|---|";
  for (const Contender& contender : comparison.group.contenders) {
    head += Concat(" ", contender.name,
                   &contender == &comparison.group.contenders[0] ? "" : " and etcd", " |");
    line += "---:|";
  }
  const bool compared = comparison.group.contenders.size() > 1;
  std::string text =
      Concat(head, compared ? " ratio |" : "", "\n", line, compared ? "---:|" : "", "\n");
  for (const ClusterFigure& figure : comparison.figures) {
    text += Concat("| ", figure.name, " |");
    for (const auto& values : figure.values) {
      text +=
          values.empty() ? " – |" : Concat(" ", Number(MedianOf(values)), " ", figure.unit, " |");
    }
    if (compared) text += Concat(" ", RatioText(Ratios(figure.values[0], figure.values[1])), " |");
    text += "\n";
  }
  return text;
}

// All results of all rounds, one after the other.
std::string AllResults(const ClusterComparison& comparison) {
  std::vector<NamedResult> results;
  const Group& group = comparison.group;
  for (const WorkloadResults& workload : group.workloads) {
    for (size_t i = 0; i < workload.results.size(); ++i) {
      for (const Result& result : workload.results[i]) {
        results.push_back({Concat(workload.name(), ", ", group.contenders[i].name), result});
      }
    }
  }
  return ToJson(results);
}

}  // namespace

std::string ToMarkdown(const ClusterComparison& comparison) {
  const ClusterLoad& load = comparison.options.load;
  const Group& group = comparison.group;
  std::string text = base::Join(comparison.versions, ", ");
  text += Concat("; ", comparison.system, ", ", comparison.processors, " processors; ", load.pods,
                 " pods; ", load.clients, " clients (of lists: ", load.listers, "), ",
                 load.watchers, " watchers; ", comparison.options.rounds, " rounds of ",
                 Number(std::chrono::duration<double>(load.duration).count()),
                 " s. Numbers are medians of the rounds; a ratio is that of kvplane to the other "
                 "one in the same round, with the least and the greatest in brackets.\n");
  for (const std::string& line : comparison.absent) text += Concat("\nLeft out: ", line, ".\n");
  text += Concat("\n", ToMarkdown(CheckGoals(comparison)), "\nSize, start and memory:\n\n",
                 FiguresOf(comparison));
  if (group.workloads.empty()) return text;
  return text +
         Concat("\nOperations (for a watch: events delivered) a second:\n\n",
                ToMarkdown(RateTable(), group), "\nCPU time of each operation:\n\n",
                ToMarkdown(CpuTable(group), group),
                "\nLatency in milliseconds (for a watch: from the write being sent, or due, to the "
                "event being there):\n\n",
                ToMarkdown(LatencyTable(), group),
                "\nResident memory at the end of the measurement and at most (the ratio is of the "
                "latter), and the processors kept busy by the load generator and by other "
                "processes:\n\n",
                ToMarkdown(MemoryTable(group), group), FailuresOf(group));
}

absl::Status Write(const ClusterComparison& comparison) {
  const std::filesystem::path& folder = comparison.options.output;
  const std::string text = ToMarkdown(comparison);
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  RETURN_IF_ERROR(WriteFile(folder / "cluster.md", text));
  RETURN_IF_ERROR(WriteFile(folder / "cluster.json", AllResults(comparison)));
  if (comparison.options.readme.empty()) return absl::OkStatus();
  return ReplaceMarked(comparison.options.readme, "cluster", text);
}

}  // namespace kvshim::bench
