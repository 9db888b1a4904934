#include <filesystem>

#include "base/status.h"
#include "base/strings.h"
#include "marked_text.h"
#include "numbers.h"
#include "page.h"
#include "plots.h"
#include "report.h"

namespace kvshim::bench {
namespace {

using base::Concat;

std::string TableOf(const std::vector<NamedResult>& results) {
  std::string table =
      "| workload | per second | p50 ms | p99 ms | p99.9 ms | CPU µs | B written | syncs | MiB |\n";
  for (const auto& [name, result] : results) {
    if (!result.failure.empty()) {
      table += Concat("| ", name, " | failed: ", result.failure, " |\n");
      continue;
    }
    const bool known = result.server_resident_bytes > 0;
    const auto text = [&](double value) { return known ? Number(value) : std::string("–"); };
    table +=
        Concat("| ", name, " | ", Number(result.per_second), " | ", Number(result.p50_us / 1000),
               " | ", Number(result.p99_us / 1000), " | ", Number(result.p999_us / 1000), " | ",
               text(result.server_cpu_us), " | ", text(result.server_written_bytes), " | ",
               result.syncs < 0 ? "–" : Number(result.syncs), " | ",
               text(result.server_resident_bytes / (1 << 20)), " |\n");
  }
  return table;
}

// Puts the tables and some of the plots between the marks of the README.
absl::Status WriteReadme(const Comparison& comparison, const std::vector<NamedPlot>& plots) {
  const std::filesystem::path& readme = comparison.options.readme;
  const std::filesystem::path folder = readme.parent_path() / "results";
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  std::string pictures = "\n";
  for (const NamedPlot& plot : plots) {
    if (!IsForReadme(plot)) continue;
    RETURN_IF_ERROR(WriteFile(folder / (plot.name + ".svg"), plot.svg));
    pictures += Concat("![", plot.name, "](results/", plot.name, ".svg)\n");
  }
  return ReplaceMarked(readme, "results", Concat(ToMarkdown(comparison), pictures));
}

}  // namespace

absl::Status Write(const Comparison& comparison) {
  const std::filesystem::path& folder = comparison.options.output;
  const std::string text = ToMarkdown(comparison);
  const std::vector<NamedPlot> plots = PlotsOf(comparison);
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  RETURN_IF_ERROR(WriteFile(folder / "results.md", text));
  RETURN_IF_ERROR(WriteFile(folder / "results.json", ToJson(comparison)));
  RETURN_IF_ERROR(
      WriteFile(folder / "results.html", Page("kvshim beside etcd and kine", text, plots)));
  for (const NamedPlot& plot : plots) {
    RETURN_IF_ERROR(WriteFile(folder / (plot.name + ".svg"), plot.svg));
  }
  if (comparison.options.readme.empty()) return absl::OkStatus();
  return WriteReadme(comparison, plots);
}

absl::Status Write(const std::vector<NamedResult>& results, const RunOptions& options) {
  if (!options.json.empty()) RETURN_IF_ERROR(WriteFile(options.json, ToJson(results)));
  if (options.html.empty()) return absl::OkStatus();
  return WriteFile(options.html, Page("kvshim bench run", TableOf(results), PlotsOf(results)));
}

}  // namespace kvshim::bench
