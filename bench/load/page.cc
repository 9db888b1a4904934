#include "page.h"

#include <sstream>

#include "base/strings.h"

namespace kvshim::bench {
namespace {

using base::Concat;

constexpr char kStyle[] = R"css(<style>
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;margin:2rem auto;max-width:1560px;
padding:0 1rem;background:#f4f3f0;color:#0b0b0b}
h2{margin:2.2rem 0 .6rem;font-size:1.2rem}
.table{overflow-x:auto}
table{border-collapse:collapse;background:#fcfcfb;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #e4e3df;white-space:nowrap}
th{font-weight:600;color:#52514e}
th:first-child,td:first-child{text-align:left}
.plots{display:flex;flex-wrap:wrap;gap:1rem;margin-top:2rem}
.plots svg{max-width:100%;height:auto}
@media(prefers-color-scheme:dark){body{background:#0d0d0c;color:#fff}
table{background:#1a1a19}th{color:#c3c2b7}th,td{border-color:#33332f}}
</style>)css";

// **Bold** as HTML has it, of a line that is escaped already.
std::string Emphasized(std::string text) {
  for (bool opens = true; text.find("**") != std::string::npos; opens = !opens) {
    text.replace(text.find("**"), 2, opens ? "<b>" : "</b>");
  }
  return text;
}

// "| a | b |" as a row of cells.
std::string RowOf(const std::string& line, const char* cell) {
  std::string row = "<tr>";
  size_t begin = 1;
  for (size_t end = line.find('|', begin); end != std::string::npos;
       begin = end + 1, end = line.find('|', begin)) {
    row += Concat("<", cell, ">", Emphasized(Escape(line.substr(begin, end - begin))), "</", cell,
                  ">");
  }
  return row + "</tr>\n";
}

std::string ToHtml(const std::string& markdown) {
  std::string html;
  std::istringstream lines(markdown);
  std::string line;
  bool in_table = false;
  while (std::getline(lines, line)) {
    const bool is_row = line.starts_with("|");
    if (is_row && !in_table) html += "<div class=\"table\"><table>\n" + RowOf(line, "th");
    if (is_row && in_table && !line.starts_with("|--")) html += RowOf(line, "td");
    if (!is_row && in_table) html += "</table></div>\n";
    in_table = is_row;
    if (is_row || line.empty()) continue;
    if (line.starts_with("### ")) {
      html += Concat("<h2>", Escape(line.substr(4)), "</h2>\n");
    } else {
      html += Concat("<p>", Emphasized(Escape(line)), "</p>\n");
    }
  }
  return in_table ? html + "</table></div>\n" : html;
}

}  // namespace

std::string Page(const std::string& title, const std::string& markdown,
                 const std::vector<NamedPlot>& plots) {
  std::string page = Concat("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n",
                            "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
                            Escape(title), "</title>\n", kStyle, "\n<h1>", Escape(title), "</h1>\n",
                            ToHtml(markdown), "<div class=\"plots\">\n");
  for (const NamedPlot& plot : plots) page += plot.svg;
  return page + "</div>\n</html>\n";
}

}  // namespace kvshim::bench
