#include "plots.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/strings.h"
#include "fields.h"
#include "numbers.h"

namespace kvshim::bench {
namespace {

using base::Concat;

// The result of a contender to draw: that of the round with the median rate. Null: there is none.
const Result* Typical(const std::vector<Result>& results) {
  std::vector<const Result*> good;
  for (const Result& result : results) {
    if (result.failure.empty()) good.push_back(&result);
  }
  if (good.empty()) return nullptr;
  std::ranges::sort(good, {}, &Result::per_second);
  return good[good.size() / 2];
}

std::string FileName(std::string text) {
  for (char& c : text) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '-';
  }
  return text;
}

struct Contribution {
  std::string contender;
  const Result* result;  // may be null, to keep the others' colours
};

// Percentiles lie where each further nine takes the same room.
double PlaceOf(double percent) { return -std::log10(1 - percent / 100); }

LinePlot Latencies(const std::string& title, const std::vector<Contribution>& contributions) {
  LinePlot plot{.title = title, .subtitle = "Latency by percentile"};
  plot.x = {.label = "percentile of the operations"};
  for (const auto& [percent, text] : {std::pair{0.0, "0"},
                                      {50.0, "50"},
                                      {90.0, "90"},
                                      {99.0, "99"},
                                      {99.9, "99.9"},
                                      {99.99, "99.99"}}) {
    plot.x.ticks.emplace_back(PlaceOf(percent), text);
  }
  plot.y = {.label = "milliseconds", .log = true};
  for (const Contribution& one : contributions) {
    Series series{.name = one.contender};
    for (size_t i = 0; one.result != nullptr && i < one.result->distribution.size(); ++i) {
      if (kPercentiles[i] >= 100) continue;
      series.points.emplace_back(PlaceOf(kPercentiles[i]), one.result->distribution[i] / 1000);
    }
    plot.series.push_back(std::move(series));
  }
  return plot;
}

LinePlot OverTime(const std::string& title, const std::vector<Contribution>& contributions) {
  LinePlot plot{.title = title, .subtitle = "Operations a second over time, each 100 ms"};
  plot.x = {.label = "seconds"};
  plot.y = {.label = "per second"};
  const double step = std::chrono::duration<double>(Recorder::kMoment).count();
  for (const Contribution& one : contributions) {
    Series series{.name = one.contender};
    // The last moment is cut short.
    for (size_t i = 0; one.result != nullptr && i + 1 < one.result->moments.size(); ++i) {
      series.points.emplace_back(step * (static_cast<double>(i) + 0.5),
                                 one.result->moments[i].per_second);
    }
    plot.series.push_back(std::move(series));
  }
  return plot;
}

void AddPlots(const std::string& prefix, const std::string& title,
              const std::vector<Contribution>& contributions, std::vector<NamedPlot>& plots) {
  plots.push_back({FileName(Concat(prefix, " latency")), ToSvg(Latencies(title, contributions))});
  plots.push_back({FileName(Concat(prefix, " time")), ToSvg(OverTime(title, contributions))});
}

// How many times as many operations the first contender does as each other one.
void AddRatios(const Group& group, std::vector<NamedPlot>& plots) {
  if (group.contenders.size() < 2) return;
  RatioPlot plot{.title = Concat(group.title, ": operations a second, in ratios"),
                 .subtitle = "Ratios above 1 × mean that kvshim does more"};
  for (size_t i = 1; i < group.contenders.size(); ++i) {
    plot.series.push_back(Concat("kvshim / ", group.contenders[i].name));
  }
  for (const WorkloadResults& workload : group.workloads) {
    // At a fixed rate all do as much.
    if (workload.workload->name.starts_with("watch-steady")) continue;
    RatioPlot::Row row{.name = workload.name()};
    for (size_t i = 1; i < workload.results.size(); ++i) {
      row.ratios.push_back(
          MedianOf(Ratios(workload.results[0], workload.results[i], fields::Rate)));
    }
    plot.rows.push_back(std::move(row));
  }
  plots.push_back({FileName(Concat(group.title, " ratios")), ToSvg(plot)});
}

// Of a group of one workload at several rates.
void AddRates(const Group& group, std::vector<NamedPlot>& plots) {
  LinePlot plot{.title = "Rate against latency: guarded updates due at a fixed rate",
                .subtitle =
                    "p99, counted from when each was due; a line ends where its server "
                    "does not keep up"};
  plot.x = {.label = "writes a second"};
  plot.y = {.label = "p99 in milliseconds", .log = true};
  for (size_t i = 0; i < group.contenders.size(); ++i) {
    Series series{.name = group.contenders[i].name};
    for (const WorkloadResults& workload : group.workloads) {
      if (workload.results.size() <= i) continue;
      const std::vector<Result>& results = workload.results[i];
      if (!HasNumbers(results)) continue;
      series.points.emplace_back(workload.rate, Median(results, fields::P99) / 1000);
      // What comes after this is a queue that grows.
      if (Median(results, fields::Rate) < 0.95 * workload.rate) break;
    }
    plot.series.push_back(std::move(series));
  }
  plots.push_back({"rates", ToSvg(plot)});
}

}  // namespace

std::vector<NamedPlot> PlotsOf(const Comparison& comparison) {
  std::vector<NamedPlot> plots;
  for (const Group& group : comparison.groups) {
    if (group.rates) {
      AddRates(group, plots);
      continue;
    }
    AddRatios(group, plots);
    for (const WorkloadResults& workload : group.workloads) {
      std::vector<Contribution> contributions;
      for (size_t i = 0; i < workload.results.size(); ++i) {
        contributions.push_back({group.contenders[i].name, Typical(workload.results[i])});
      }
      const std::string title = Concat(group.title, ": ", workload.name());
      AddPlots(title, title, contributions, plots);
    }
  }
  return plots;
}

bool IsForReadme(const NamedPlot& plot) {
  constexpr const char* kNames[] = {"sqlite-ratios",
                                    "postgresql-ratios",
                                    "mariadb-ratios",
                                    "rates",
                                    "sqlite--get-latency",
                                    "sqlite--guarded-update-latency",
                                    "sqlite--guarded-update-time",
                                    "sqlite--watch-steady-500-latency"};
  return std::ranges::find(kNames, plot.name) != std::end(kNames);
}

std::vector<NamedPlot> PlotsOf(const std::vector<NamedResult>& results) {
  std::vector<NamedPlot> plots;
  for (const NamedResult& one : results) {
    if (!one.result.failure.empty()) continue;
    AddPlots(one.name, one.name, {{one.name, &one.result}}, plots);
  }
  return plots;
}

}  // namespace kvshim::bench
