#include "plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/strings.h"
#include "numbers.h"

namespace kvshim::bench {
namespace {

using base::Concat;

constexpr double kWidth = 760;
constexpr double kLineHeight = 380;
constexpr double kLeft = 88;
constexpr double kRight = 112;  // room for the lines' names
constexpr double kTop = 66;
constexpr double kBottom = 52;

// One colour a series, in its order, then those of ground, text and grid; light and dark. The
// series' colours keep apart for eyes that see few colours, on either ground.
constexpr char kStyle[] = R"css(<style>
svg{font:13px system-ui,-apple-system,"Segoe UI",sans-serif}
.bg{fill:#fcfcfb}.t{fill:#0b0b0b;font-size:16px;font-weight:600}.s{fill:#52514e}.m{fill:#6f6e69}
.g{stroke:#e4e3df;stroke-width:1}.a{stroke:#a5a49d;stroke-width:1}
.l{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.l0{stroke:#2a78d6}.l1{stroke:#eb6834}.l2{stroke:#1baf7a}.l3{stroke:#9d6bd0}
.f0{fill:#2a78d6}.f1{fill:#eb6834}.f2{fill:#1baf7a}.f3{fill:#9d6bd0}
@media(prefers-color-scheme:dark){
.bg{fill:#1a1a19}.t{fill:#fff}.s{fill:#c3c2b7}.m{fill:#a09f96}
.g{stroke:#33332f}.a{stroke:#6f6e69}
.l0{stroke:#3987e5}.l1{stroke:#d95926}.l2{stroke:#199e70}.l3{stroke:#9085e9}
.f0{fill:#3987e5}.f1{fill:#d95926}.f2{fill:#199e70}.f3{fill:#9085e9}}
</style>)css";

std::string Px(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", value);
  return text;
}

std::string Text(double x, double y, const std::string& kind, const std::string& text,
                 const std::string& anchor = "start") {
  return Concat("<text class=\"", kind, "\" x=\"", Px(x), "\" y=\"", Px(y), "\" text-anchor=\"",
                anchor, "\">", Escape(text), "</text>\n");
}

std::string Line(double x1, double y1, double x2, double y2, const std::string& kind) {
  return Concat("<line class=\"", kind, "\" x1=\"", Px(x1), "\" y1=\"", Px(y1), "\" x2=\"", Px(x2),
                "\" y2=\"", Px(y2), "\"/>\n");
}

std::string Begin(double height, const std::string& title, const std::string& subtitle) {
  return Concat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", Px(kWidth), " ",
                Px(height), "\" width=\"", Px(kWidth), "\" role=\"img\" aria-label=\"",
                Escape(title), "\">\n", kStyle,
                "\n<rect class=\"bg\" width=\"100%\" height=\"100%\"", " rx=\"6\"/>\n",
                Text(20, 28, "t", title), Text(20, 48, "s", subtitle));
}

// Round values within a range, few enough to be read.
std::vector<double> RoundValues(double least, double most, bool log) {
  std::vector<double> values;
  if (log) {
    // With many powers of ten only these.
    const bool wide = std::log10(most / least) > 3;
    for (double power = std::pow(10, std::floor(std::log10(least))); power <= most; power *= 10) {
      for (const double digit : {1.0, 2.0, 5.0}) {
        const double value = power * digit;
        if (value >= least && value <= most && (!wide || digit == 1)) values.push_back(value);
      }
    }
    return values;
  }
  const double rough = (most - least) / 5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = power;
  for (const double digit : {2.0, 5.0, 10.0}) {
    if (step < rough) step = power * digit;
  }
  for (double value = std::ceil(least / step) * step; value <= most * 1.0001; value += step) {
    values.push_back(value);
  }
  return values;
}

// Where values of an axis come to lie.
class Scale {
 public:
  Scale(double least, double most, bool log, double from, double to)
      : least_(log ? std::log10(least) : least),
        most_(log ? std::log10(most) : most),
        log_(log),
        from_(from),
        to_(to) {
    if (most_ <= least_) most_ = least_ + 1;
  }
  double operator()(double value) const {
    const double place = log_ ? std::log10(std::max(value, 1e-12)) : value;
    return from_ + (to_ - from_) * (place - least_) / (most_ - least_);
  }

 private:
  double least_, most_;
  bool log_;
  double from_, to_;
};

struct Range {
  double least = std::numeric_limits<double>::max();
  double most = std::numeric_limits<double>::lowest();
  void Hold(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
};

std::string Plot(const Series& series, size_t index, const Scale& x, const Scale& y) {
  std::string points;
  for (const auto& [at, value] : series.points) {
    points += Concat(Px(x(at)), ",", Px(y(value)), " ");
  }
  const auto& [last_x, last_y] = series.points.back();
  const size_t colour = index % 4;
  return Concat("<polyline class=\"l l", colour, "\" points=\"", points, "\"/>\n<circle class=\"f",
                colour, "\" cx=\"", Px(x(last_x)), "\" cy=\"", Px(y(last_y)), "\" r=\"4\"/>\n");
}

// The names at the ends of the lines, moved apart where they would cover each other.
std::string Names(const std::vector<Series>& series, const Scale& x, const Scale& y) {
  struct Name {
    size_t index;
    double x, y;
  };
  std::vector<Name> names;
  for (size_t i = 0; i < series.size(); ++i) {
    if (series[i].points.empty()) continue;
    const auto& [at, value] = series[i].points.back();
    names.push_back({i, x(at), y(value)});
  }
  std::ranges::sort(names, {}, &Name::y);
  constexpr double kApart = 17;
  for (size_t i = 1; i < names.size(); ++i) {
    names[i].y = std::max(names[i].y, names[i - 1].y + kApart);
  }
  std::string text;
  for (const Name& name : names)
    text += Text(name.x + 10, name.y + 4, "s", series[name.index].name);
  return text;
}

}  // namespace

std::string Escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string ToSvg(const LinePlot& plot) {
  Range xs;
  Range ys;
  for (const Series& series : plot.series) {
    for (const auto& [at, value] : series.points) {
      xs.Hold(at);
      ys.Hold(value);
    }
  }
  std::string svg = Begin(kLineHeight, plot.title, plot.subtitle);
  if (xs.least > xs.most) return svg + "</svg>\n";
  if (plot.y.log) {
    ys = {std::max(ys.least, 1e-6) * 0.8, std::max(ys.most, 2e-6) * 1.25};
  } else {
    ys = {0, ys.most * 1.08 + 1e-9};
  }
  const double bottom = kLineHeight - kBottom;
  const Scale x(xs.least, xs.most, plot.x.log, kLeft, kWidth - kRight);
  const Scale y(ys.least, ys.most, plot.y.log, bottom, kTop);
  for (const double value : RoundValues(ys.least, ys.most, plot.y.log)) {
    svg += Line(kLeft, y(value), kWidth - kRight, y(value), "g");
    svg += Text(kLeft - 8, y(value) + 4, "m", Number(value), "end");
  }
  auto ticks = plot.x.ticks;
  if (ticks.empty()) {
    for (const double value : RoundValues(xs.least, xs.most, plot.x.log)) {
      ticks.emplace_back(value, Number(value));
    }
  }
  for (const auto& [value, text] : ticks) {
    if (value < xs.least || value > xs.most) continue;
    svg += Line(x(value), bottom, x(value), bottom + 5, "a");
    svg += Text(x(value), bottom + 20, "m", text, "middle");
  }
  svg += Line(kLeft, bottom, kWidth - kRight, bottom, "a");
  svg += Text((kLeft + kWidth - kRight) / 2, kLineHeight - 12, "s", plot.x.label, "middle");
  svg += Text(20, kTop - 2, "s", "");
  svg += Concat("<text class=\"s\" transform=\"translate(18 ", Px((kTop + bottom) / 2),
                ") rotate(-90)\" text-anchor=\"middle\">", Escape(plot.y.label), "</text>\n");
  for (size_t i = 0; i < plot.series.size(); ++i) {
    if (!plot.series[i].points.empty()) svg += Plot(plot.series[i], i, x, y);
  }
  return svg + Names(plot.series, x, y) + "</svg>\n";
}

std::string ToSvg(const RatioPlot& plot) {
  constexpr double kNames = 168;
  constexpr double kBar = 11;
  constexpr double kHead = 84;
  const double row_height = kBar * static_cast<double>(plot.series.size()) + 12;
  const double bottom = kHead + row_height * static_cast<double>(plot.rows.size());
  Range range{0.5, 2};
  for (const auto& row : plot.rows) {
    for (const double ratio : row.ratios) {
      if (ratio > 0) range.Hold(ratio);
    }
  }
  constexpr double kBeside = 52;  // room for the number beside a bar
  const Scale x(range.least, range.most, true, kNames + kBeside, kWidth - 24 - kBeside);
  std::string svg = Begin(bottom + 42, plot.title, plot.subtitle);
  double legend = 20;
  for (size_t i = 0; i < plot.series.size(); ++i) {
    svg += Concat("<rect class=\"f", i % 4, "\" x=\"", Px(legend), "\" y=\"60\" width=\"12\"",
                  " height=\"12\" rx=\"3\"/>\n", Text(legend + 18, 71, "s", plot.series[i]));
    legend += 40 + 8 * static_cast<double>(plot.series[i].size());
  }
  for (const double value : RoundValues(range.least, range.most, true)) {
    svg += Line(x(value), kHead, x(value), bottom, value == 1 ? "a" : "g");
    svg += Text(x(value), bottom + 18, "m", Concat(Number(value), " ×"), "middle");
  }
  for (size_t r = 0; r < plot.rows.size(); ++r) {
    const auto& row = plot.rows[r];
    double y = kHead + row_height * static_cast<double>(r) + 6;
    svg += Text(kNames - 10, y + (row_height - 12) / 2 + 4, "s", row.name, "end");
    for (size_t i = 0; i < row.ratios.size(); ++i, y += kBar) {
      if (row.ratios[i] <= 0) continue;
      const double from = std::min(x(1), x(row.ratios[i]));
      const double to = std::max(x(1), x(row.ratios[i]));
      svg += Concat("<rect class=\"f", i % 4, "\" x=\"", Px(from), "\" y=\"", Px(y), "\" width=\"",
                    Px(std::max(1.0, to - from)), "\" height=\"", Px(kBar - 2), "\" rx=\"2\"/>\n",
                    "<text class=\"m\" style=\"font-size:10px\" x=\"",
                    Px(row.ratios[i] < 1 ? from - 4 : to + 4), "\" y=\"", Px(y + kBar - 3),
                    "\" text-anchor=\"", row.ratios[i] < 1 ? "end" : "start", "\">",
                    Number(row.ratios[i]), " ×</text>\n");
    }
  }
  return svg + "</svg>\n";
}

}  // namespace kvshim::bench
