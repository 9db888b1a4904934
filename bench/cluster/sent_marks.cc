#include "sent_marks.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace kvshim::bench {
namespace {

constexpr std::string_view kBegin = "sentAt";
constexpr size_t kDigits = 19;
constexpr size_t kSize = kBegin.size() + kDigits;

}  // namespace

std::string SentMarks::Of(std::chrono::nanoseconds sent) {
  char text[kSize + 1];
  std::snprintf(text, sizeof(text), "sentAt%019lld", static_cast<long long>(sent.count()));
  return text;
}

void SentMarks::Read(std::string_view piece,
                     const std::function<void(std::chrono::nanoseconds)>& found) {
  rest_.append(piece);
  size_t from = 0;
  for (size_t at = 0; (at = rest_.find(kBegin, from)) != std::string::npos;) {
    if (rest_.size() - at < kSize) break;
    found(std::chrono::nanoseconds(
        std::strtoll(rest_.substr(at + kBegin.size(), kDigits).c_str(), nullptr, 10)));
    from = at + kSize;
  }
  const size_t kept = std::min(rest_.size() - from, kSize - 1);
  rest_.erase(0, rest_.size() - kept);
}

}  // namespace kvshim::bench
