#include "command/config_file.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::command {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

absl::Status Wrong(int line, std::string_view what) {
  return absl::InvalidArgumentError(base::Concat("line ", line, ": ", what));
}

// Without a comment, which begins the line or stands behind a blank, outside of quotes.
std::string_view WithoutComment(std::string_view line) {
  char quote = '\0';
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

absl::StatusOr<std::string> Scalar(int line, std::string_view text) {
  text = Trim(text);
  if (text.empty()) return std::string();
  const char first = text.front();
  if (first == '"' || first == '\'') {
    if (text.size() < 2 || text.back() != first) return Wrong(line, "a quote is not closed");
    const std::string_view inside = text.substr(1, text.size() - 2);
    if (inside.find(first) != inside.npos || inside.find('\\') != inside.npos) {
      return Wrong(line, "quotes and escapes inside of quotes are not read here");
    }
    return std::string(inside);
  }
  if (std::string_view("{&*!|>%@`").find(first) != std::string_view::npos) {
    return Wrong(line, "only plain values and lists of them are read here");
  }
  return std::string(text);
}

// "[a, b]"
absl::StatusOr<std::vector<std::string>> InlineList(int line, std::string_view text) {
  std::vector<std::string> values;
  if (!text.ends_with(']')) return Wrong(line, "the list is not closed");
  text = text.substr(1, text.size() - 2);
  while (!Trim(text).empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    ASSIGN_OR_RETURN(std::string value, Scalar(line, item));
    values.push_back(std::move(value));
  }
  return values;
}

absl::StatusOr<Setting> Entry(int number, std::string_view content) {
  const size_t end = content.find_first_of(":= \t");
  const std::string_view name = content.substr(0, end);
  const std::string_view rest = Trim(content.substr(name.size()));
  const bool named = !name.empty() && !rest.empty() &&
                     (rest[0] == '=' || (rest[0] == ':' && (rest.size() == 1 || rest[1] == ' ')));
  if (!named) return Wrong(number, "is not name: value");
  Setting setting{.name = std::string(name), .line = number};
  const std::string_view value = Trim(rest.substr(1));
  if (value.starts_with('[')) {
    ASSIGN_OR_RETURN(setting.values, InlineList(number, value));
  } else if (!value.empty()) {
    ASSIGN_OR_RETURN(std::string one, Scalar(number, value));
    setting.values.push_back(std::move(one));
  }
  return setting;
}

}  // namespace

absl::StatusOr<std::vector<Setting>> ParseConfigFile(std::string_view text) {
  std::vector<Setting> settings;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view content = Trim(WithoutComment(line));
    if (content.empty() || content == "---") continue;
    if (content.starts_with("- ") || content == "-") {
      if (settings.empty()) return Wrong(number, "an item of a list stands before any name");
      ASSIGN_OR_RETURN(std::string value, Scalar(number, content.substr(1)));
      settings.back().values.push_back(std::move(value));
    } else {
      if (line.starts_with(' ') || line.starts_with('\t')) {
        return Wrong(number, "settings are not nested: no blank may stand before a name");
      }
      ASSIGN_OR_RETURN(Setting setting, Entry(number, content));
      settings.push_back(std::move(setting));
    }
  }
  return settings;
}

}  // namespace kvshim::command
