#include "controller/job_indexes.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "kinds/members.h"

namespace kvplane::controller {

namespace {

std::optional<int64_t> Number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

JobIndexes ReadIndexes(std::string_view text, int64_t completions) {
  JobIndexes indexes;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view interval = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const size_t dash = std::min(interval.find('-'), interval.size());
    const auto first = Number(interval.substr(0, dash));
    const auto last = dash == interval.size() ? first : Number(interval.substr(dash + 1));
    if (!first.has_value() || !last.has_value()) continue;
    for (int64_t index = *first; index <= std::min(*last, completions - 1); ++index) {
      indexes.insert(indexes.end(), index);
    }
  }
  return indexes;
}

std::string TextOf(const JobIndexes& indexes) {
  std::string text;
  for (auto index = indexes.begin(); index != indexes.end();) {
    const int64_t first = *index;
    int64_t last = first;
    while (++index != indexes.end() && *index == last + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    // Two are not worth a dash.
    if (last > first) text += (last == first + 1 ? "," : "-") + std::to_string(last);
  }
  return text;
}

std::optional<int64_t> IndexOf(const json::Object& pod, int64_t completions) {
  const auto index = Number(kinds::Text(pod, {"metadata", "annotations", kCompletionIndex}));
  if (!index.has_value() || *index >= completions) return std::nullopt;
  return index;
}

}  // namespace kvplane::controller
