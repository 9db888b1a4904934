// The tables of reports, in Markdown: workloads downwards, contenders sideways, medians over the
// rounds. A ratio is that of two results of one round; beside the median of the ratios stand the
// least and the greatest.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "comparison.h"
#include "fields.h"
#include "goals.h"

namespace kvshim::bench {

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

std::string ToMarkdown(const Table& table, const Group& group);

Table RateTable();
Table LatencyTable();
Table CpuTable(const Group& group);
Table MemoryTable(const Group& group);
Table WrittenTable(const Group& group);

// "**1.50 ×** (1.45–1.55)"
std::string RatioText(const std::vector<double>& ratios);

// A list of them; empty where nothing failed.
std::string FailuresOf(const Group& group);

std::string ToMarkdown(const std::vector<GoalResult>& goals);

}  // namespace kvshim::bench
