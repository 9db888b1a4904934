// Plots as SVG: self-contained, without scripts, legible on light and on dark ground.
//
// Thread safety: pure functions.
//
//   const std::string svg = ToSvg(LinePlot{.title = "get", .x = {"seconds"}, .y = {"per second"},
//                                          .series = {{"kvshim", {{0, 100}, {1, 120}}}}});
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace kvshim::bench {

struct Axis {
  std::string label;
  bool log = false;
  // Values and what stands there; empty: round numbers.
  std::vector<std::pair<double, std::string>> ticks;
};

// A line in a plot. Lines of one name have one colour in all plots of a set when they stand in the
// same place of their lists.
struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

struct LinePlot {
  std::string title;
  std::string subtitle;
  Axis x, y;
  std::vector<Series> series;
};

// How many times as much: a bar to the right of 1 × is more, to the left less.
struct RatioPlot {
  struct Row {
    std::string name;
    std::vector<double> ratios;  // one for each series; 0: there is none
  };
  std::string title;
  std::string subtitle;
  std::vector<std::string> series;
  std::vector<Row> rows;
};

std::string ToSvg(const LinePlot& plot);
std::string ToSvg(const RatioPlot& plot);

// Text as XML and HTML want it.
std::string Escape(const std::string& text);

}  // namespace kvshim::bench
