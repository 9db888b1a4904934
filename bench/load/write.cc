#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/status.h"
#include "base/strings.h"
#include "numbers.h"
#include "plots.h"
#include "report.h"

namespace kvshim::bench {
namespace {

using base::Concat;

constexpr char kBegin[] = "<!-- results -->\n";
constexpr char kEnd[] = "<!-- /results -->\n";

constexpr char kPageStyle[] = R"css(<style>
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;margin:2rem auto;max-width:1560px;
padding:0 1rem;background:#f4f3f0;color:#0b0b0b}
pre{overflow-x:auto;background:#fcfcfb;padding:1rem;border-radius:6px;font-size:12px}
table{border-collapse:collapse;background:#fcfcfb;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #e4e3df}
th:first-child,td:first-child{text-align:left}
.plots{display:flex;flex-wrap:wrap;gap:1rem}
@media(prefers-color-scheme:dark){body{background:#0d0d0c;color:#fff}
pre,table{background:#1a1a19}th,td{border-color:#33332f}}
</style>)css";

absl::Status WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (file) return absl::OkStatus();
  return absl::PermissionDeniedError(
      base::ToAbsl(Concat("cannot write ", path.string(), "; does its folder exist?")));
}

std::string Page(const std::string& title, const std::string& body,
                 const std::vector<NamedPlot>& plots) {
  std::string page = Concat("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n",
                            "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
                            Escape(title), "</title>\n", kPageStyle, "\n<h1>", Escape(title),
                            "</h1>\n", body, "<div class=\"plots\">\n");
  for (const NamedPlot& plot : plots) page += plot.svg;
  return page + "</div>\n</html>\n";
}

std::string TableOf(const std::vector<NamedResult>& results) {
  std::string table =
      "<table><tr><th>workload<th>per second<th>p50 ms<th>p99 ms<th>p99.9 ms<th>CPU µs"
      "<th>MiB</tr>\n";
  for (const auto& [name, result] : results) {
    table += Concat("<tr><td>", name, "<td>", Number(result.per_second), "<td>",
                    Number(result.p50_us / 1000), "<td>", Number(result.p99_us / 1000), "<td>",
                    Number(result.p999_us / 1000), "<td>", Number(result.server_cpu_us), "<td>",
                    Number(result.server_resident_bytes / (1 << 20)), "</tr>\n");
  }
  return table + "</table>\n";
}

// Puts the tables and some of the plots between the marks of the README.
absl::Status WriteReadme(const Comparison& comparison, const std::vector<NamedPlot>& plots) {
  const std::filesystem::path& readme = comparison.options.readme;
  std::ifstream file(readme);
  std::string text(std::istreambuf_iterator<char>(file), {});
  const size_t begin = text.find(kBegin);
  const size_t end = text.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    return absl::FailedPreconditionError(Concat("--readme: ", readme.string(),
                                                " has no lines <!-- results --> and ",
                                                "<!-- /results --> to write between"));
  }
  const std::filesystem::path folder = readme.parent_path() / "results";
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  std::string pictures = "\n";
  for (const NamedPlot& plot : plots) {
    if (!IsForReadme(plot)) continue;
    RETURN_IF_ERROR(WriteFile(folder / (plot.name + ".svg"), plot.svg));
    pictures += Concat("![", plot.name, "](results/", plot.name, ".svg)\n");
  }
  const size_t from = begin + sizeof(kBegin) - 1;
  text.replace(from, end - from, Concat(ToMarkdown(comparison), pictures));
  return WriteFile(readme, text);
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
  RETURN_IF_ERROR(WriteFile(
      folder / "results.html",
      Page("kvshim beside etcd and kine", Concat("<pre>", Escape(text), "</pre>\n"), plots)));
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
