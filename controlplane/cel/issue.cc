#include "cel/issue.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace kvplane::cel {

namespace {

constexpr size_t kMost = 100;

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

}  // namespace

std::string Describe(std::string_view text, std::vector<Issue> issues) {
  std::stable_sort(issues.begin(), issues.end(),
                   [](const Issue& a, const Issue& b) { return a.place < b.place; });
  std::string out;
  for (size_t i = 0; i < issues.size() && i < kMost; ++i) {
    size_t line = 1;
    size_t column = 0;
    size_t begin = 0;
    size_t characters = 0;
    for (size_t byte = 0; byte < text.size() && characters < issues[i].place; ++byte) {
      if (!BeginsCharacter(text[byte])) continue;
      ++characters;
      ++column;
      if (text[byte] == '\n') {
        ++line;
        column = 0;
        begin = byte + 1;
      }
    }
    std::string shown(text.substr(begin, text.substr(begin).find('\n')));
    std::replace(shown.begin(), shown.end(), '\t', ' ');
    if (!out.empty()) out += '\n';
    out += kvshim::base::Concat("ERROR: <input>:", line, ":", column + 1, ": ", issues[i].message,
                                "\n | ", shown, "\n | ", std::string(column, '.'), "^");
  }
  if (issues.size() > kMost) {
    out += kvshim::base::Concat("\n", issues.size() - kMost, " more errors were truncated");
  }
  return out;
}

}  // namespace kvplane::cel
