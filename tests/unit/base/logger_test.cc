#include "base/logger.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <thread>
#include <vector>

namespace kvshim::base {
namespace {

class Logger : public testing::Test {
 protected:
  Logger() {
    SetLogSink([this](std::string_view line) { lines_.emplace_back(line); });
  }
  ~Logger() override {
    SetLogSink(nullptr);
    SetLogFormat(LogFormat::kText);
    SetLogLevel(Level::kInfo);
  }

  std::vector<std::string> lines_;
};

enum class Id : int64_t {};

TEST_F(Logger, TextLineHasTimeLevelMessageAndFields) {
  Log(Level::kInfo, "lease expired", {{"lease", Id{7587}}, {"keys", 3u}, {"owner", "a b"}});
  ASSERT_EQ(lines_.size(), 1u);
  const std::regex expected(
      "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z INFO  lease expired lease=7587 keys=3 "
      "owner=\"a b\"\n");
  EXPECT_TRUE(std::regex_match(lines_[0], expected)) << lines_[0];
}

TEST_F(Logger, JsonQuotesTextAndLeavesNumbersBare) {
  SetLogFormat(LogFormat::kJson);
  Log(Level::kError, "say \"no\"", {{"key", std::string("a\nb\x01")}, {"n", -1}, {"ok", true}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_NE(
      lines_[0].find(R"("level":"error","msg":"say \"no\"","key":"a\nb\u0001","n":-1,"ok":true})"
                     "\n"),
      std::string::npos)
      << lines_[0];
}

TEST_F(Logger, TextOfClientsCannotForgeALine) {
  Log(Level::kInfo, "put", {{"key", "x\n2026 ERROR forged"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0].find('\n'), lines_[0].size() - 1);
}

TEST_F(Logger, DropsWhatIsBelowTheLevel) {
  SetLogLevel(Level::kWarning);
  Log(Level::kInfo, "quiet");
  Log(Level::kWarning, "loud");
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_NE(lines_[0].find("WARN  loud"), std::string::npos);
}

TEST_F(Logger, DurationsAndStatusesReadWell) {
  Log(Level::kInfo, "x",
      {{"took", std::chrono::milliseconds(250)},
       {"all", std::chrono::milliseconds(1500)},
       {"error", absl::NotFoundError("gone")}});
  EXPECT_NE(lines_[0].find("took=250ms all=1.5s error=\"NOT_FOUND: gone\""), std::string::npos)
      << lines_[0];
}

TEST_F(Logger, LinesOfManyThreadsStayWhole) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) Log(Level::kInfo, "same", {{"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines_.size(), 400u);
}

TEST(LogLimiter, LetsOneThroughAPeriodAndCountsTheRest) {
  FakeClock clock;
  LogLimiter limiter(std::chrono::seconds(10), clock);
  EXPECT_TRUE(limiter.Allow());
  EXPECT_FALSE(limiter.Allow());
  EXPECT_FALSE(limiter.Allow());
  clock.Advance(std::chrono::seconds(10));
  EXPECT_TRUE(limiter.Allow());
  EXPECT_EQ(limiter.TakeSuppressed(), 2u);
  EXPECT_EQ(limiter.TakeSuppressed(), 0u);
}

TEST(LogWords, AreRead) {
  EXPECT_EQ(ParseLevel("warn"), Level::kWarning);
  EXPECT_EQ(ParseLevel("debug"), Level::kDebug);
  EXPECT_FALSE(ParseLevel("loud").has_value());
  EXPECT_EQ(ParseLogFormat("json"), LogFormat::kJson);
  EXPECT_FALSE(ParseLogFormat("xml").has_value());
}

}  // namespace
}  // namespace kvshim::base
