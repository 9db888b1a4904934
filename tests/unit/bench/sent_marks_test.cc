#include "bench/cluster/sent_marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace kvshim::bench {
namespace {

using std::chrono::nanoseconds;
using ::testing::ElementsAre;

std::vector<int64_t> Read(const std::vector<std::string>& pieces) {
  SentMarks marks;
  std::vector<int64_t> found;
  for (const std::string& piece : pieces) {
    marks.Read(piece, [&](nanoseconds sent) { found.push_back(sent.count()); });
  }
  return found;
}

TEST(SentMarks, AreFoundWhateverStandsAroundThem) {
  EXPECT_THAT(Read({"{\"a\":\"" + SentMarks::Of(nanoseconds(7)) + "\"}\n" +
                    std::string("\0\x12", 2) + SentMarks::Of(nanoseconds(1234567890123456789))}),
              ElementsAre(7, 1234567890123456789));
}

TEST(SentMarks, AreFoundOnceWhereverTheyAreCut) {
  const std::string text =
      "a" + SentMarks::Of(nanoseconds(5)) + SentMarks::Of(nanoseconds(6)) + "b";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_THAT(Read({text.substr(0, cut), text.substr(cut)}), ElementsAre(5, 6)) << cut;
  }
  std::vector<std::string> letters;
  for (const char letter : text) letters.emplace_back(1, letter);
  EXPECT_THAT(Read(letters), ElementsAre(5, 6));
}

}  // namespace
}  // namespace kvshim::bench
