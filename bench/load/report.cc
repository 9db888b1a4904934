#include "report.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <functional>

#include "base/strings.h"

namespace kvshim::bench {
namespace {

using Field = double Result::*;

double MedianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Median(const std::vector<Result>& results, Field field) {
  std::vector<double> values;
  for (const Result& result : results) values.push_back(result.*field);
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

std::string Ratio(const WorkloadResults& workload, Field field) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(workload.kvshim.size(), workload.etcd.size()); ++i) {
    const double below = workload.etcd[i].*field;
    if (below > 0) ratios.push_back(workload.kvshim[i].*field / below);
  }
  if (ratios.empty()) return "–";
  const auto [least, greatest] = std::ranges::minmax(ratios);
  return base::Concat("**", Number(MedianOf(ratios)), " ×** (", Number(least), "–",
                      Number(greatest), ")");
}

using Show = std::function<std::string(double)>;

// Ours, etcd's, the ratio of the two.
std::string Cells(const WorkloadResults& workload, Field field, const Show& show) {
  return base::Concat(" ", show(Median(workload.kvshim, field)), " | ",
                      show(Median(workload.etcd, field)), " | ", Ratio(workload, field), " |");
}

bool Writes(const std::string& name) {
  const auto found = std::ranges::find(Workloads(), name, &Workload::name);
  return found != Workloads().end() && found->writes;
}

std::string RateTable(const Comparison& comparison) {
  std::string text =
      "| workload | kvshim /s | etcd /s | ratio | kvshim CPU µs | etcd CPU µs | ratio |\n"
      "|---|---:|---:|---:|---:|---:|---:|\n";
  for (const WorkloadResults& workload : comparison.workloads) {
    text += base::Concat("| ", workload.name, " |", Cells(workload, &Result::per_second, Number),
                         Cells(workload, &Result::server_cpu_us, Number), "\n");
  }
  return text;
}

std::string LatencyTable(const Comparison& comparison) {
  std::string text =
      "| workload | kvshim p50 | p99 | p99.9 | etcd p50 | p99 | p99.9 | p99 ratio |\n"
      "|---|---:|---:|---:|---:|---:|---:|---:|\n";
  for (const WorkloadResults& workload : comparison.workloads) {
    text += base::Concat("| ", workload.name, " |");
    for (const auto* results : {&workload.kvshim, &workload.etcd}) {
      for (const Field field : {&Result::p50_us, &Result::p99_us, &Result::p999_us}) {
        text += base::Concat(" ", Milliseconds(Median(*results, field)), " |");
      }
    }
    text += base::Concat(" ", Ratio(workload, &Result::p99_us), " |\n");
  }
  return text;
}

std::string ResourceTable(const Comparison& comparison) {
  std::string text =
      "| workload | kvshim MiB | etcd MiB | ratio | kvshim B written | etcd B written | ratio | "
      "load's processors | others' |\n"
      "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  for (const WorkloadResults& workload : comparison.workloads) {
    text += base::Concat("| ", workload.name, " |",
                         Cells(workload, &Result::server_resident_bytes, Mebibytes));
    // The reads write nothing but what earlier work left behind.
    text += Writes(workload.name) ? Cells(workload, &Result::server_written_bytes, Number)
                                  : std::string(" – | – | – |");
    for (const Field field : {&Result::own_load, &Result::foreign_load}) {
      text += base::Concat(" ", Number(Median(workload.kvshim, field)), " / ",
                           Number(Median(workload.etcd, field)), " |");
    }
    text += "\n";
  }
  return text;
}

boost::json::array ResultsToJson(const std::vector<Result>& results) {
  boost::json::array array;
  for (const Result& result : results) {
    array.push_back({{"per_second", result.per_second},
                     {"p50_us", result.p50_us},
                     {"p99_us", result.p99_us},
                     {"p999_us", result.p999_us},
                     {"server_cpu_us", result.server_cpu_us},
                     {"server_written_bytes", result.server_written_bytes},
                     {"server_resident_bytes", result.server_resident_bytes},
                     {"own_load", result.own_load},
                     {"foreign_load", result.foreign_load}});
  }
  return array;
}

}  // namespace

std::string ToMarkdown(const Comparison& comparison) {
  const LoadOptions& load = comparison.options.load;
  return base::Concat(
      comparison.kvshim_version, " beside ", comparison.etcd_version, "; ", comparison.system, ", ",
      comparison.processors, " processors; ", load.clients, " clients on ", load.connections,
      " connections, values of ", load.value_size, " bytes, ", comparison.options.rounds,
      " rounds of ", std::chrono::duration_cast<std::chrono::seconds>(load.duration).count(),
      " s.\n\nOperations (for a watch: events delivered) a second, and the server's CPU for "
      "each:\n\n",
      RateTable(comparison),
      "\nLatency in milliseconds (for a watch: from the put sent to the "
      "event received):\n\n",
      LatencyTable(comparison),
      "\nResident memory at the end of the measurement, bytes written to the device for each "
      "operation, and processors kept busy by the load generator and by everything else (kvshim's "
      "turn / etcd's turn):\n\n",
      ResourceTable(comparison));
}

std::string ToJson(const Comparison& comparison) {
  const LoadOptions& load = comparison.options.load;
  boost::json::array workloads;
  for (const WorkloadResults& workload : comparison.workloads) {
    workloads.push_back({{"name", workload.name},
                         {"kvshim", ResultsToJson(workload.kvshim)},
                         {"etcd", ResultsToJson(workload.etcd)}});
  }
  const boost::json::object object{{"kvshim", comparison.kvshim_version},
                                   {"etcd", comparison.etcd_version},
                                   {"system", comparison.system},
                                   {"processors", comparison.processors},
                                   {"clients", load.clients},
                                   {"connections", load.connections},
                                   {"value_size", load.value_size},
                                   {"duration_ms", load.duration.count()},
                                   {"rounds", comparison.options.rounds},
                                   {"workloads", std::move(workloads)}};
  return boost::json::serialize(object) + "\n";
}

}  // namespace kvshim::bench
