#include "sql/mysql/append_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kvshim::sql::mysql {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr size_t kRoom = 1 << 20;

std::vector<std::string> Texts(const AppendScript& script) {
  std::vector<std::string> texts;
  for (const Statement& statement : script.statements()) texts.push_back(statement.text());
  return texts;
}

TEST(AppendScript, TakesTheLockLooksThePredecessorUpAndCommits) {
  const AppendScript script({.batch = {.seq = 8, .prev = "before"}, .prev_epoch = 3}, false, kRoom);
  EXPECT_THAT(Texts(script),
              ElementsAre("START TRANSACTION", AllOf(HasSubstr("kv_lock"), HasSubstr("FOR UPDATE")),
                          AllOf(HasSubstr("seq = 7"), HasSubstr("nonce = 'before'"),
                                HasSubstr("epoch = 3")),
                          StartsWith("INSERT INTO kv_batch"), "COMMIT"));
}

TEST(AppendScript, HasTheLockAlreadyInATurn) {
  const AppendScript script({.batch = {.seq = 8}}, true, kRoom);
  EXPECT_THAT(script.Joined(), AllOf(Not(HasSubstr("START")), Not(HasSubstr("kv_lock"))));
}

TEST(AppendScript, ACompoundStatementCountsWhatItInsertsAndRollsBack) {
  const std::vector<LogRecord> rows = {{.id = {2, 0}, .key = "a"}, {.id = {3, 0}, .key = "b"}};
  const std::string text = AppendScript({.rows = rows}, false, kRoom).Compound();
  EXPECT_THAT(text, StartsWith("BEGIN NOT ATOMIC DECLARE EXIT HANDLER FOR SQLEXCEPTION "
                               "BEGIN ROLLBACK; RESIGNAL; END; START TRANSACTION; "));
  EXPECT_THAT(text, HasSubstr("IF ROW_COUNT() <> 1 THEN SIGNAL"));
  EXPECT_THAT(text, HasSubstr("IF ROW_COUNT() <> 2 THEN SIGNAL"));
  EXPECT_TRUE(text.ends_with("COMMIT; END")) << text;
}

TEST(AppendScript, PutsAsManyRowsIntoOneStatementAsFit) {
  const std::string value(400, 'v');
  std::vector<LogRecord> rows;
  for (int64_t i = 0; i < 10; ++i) {
    rows.push_back({.id = {i, 0}, .key = "k", .value_size = 400, .value = value});
  }
  const AppendScript whole({.rows = rows}, true, kRoom);
  EXPECT_EQ(whole.statements().size(), 4u);
  EXPECT_EQ(whole.counts()[2], 10);

  const AppendScript split({.rows = rows}, true, 1500);
  int64_t inserted = 0;
  for (size_t i = 0; i < split.statements().size(); ++i) {
    EXPECT_LT(split.statements()[i].size(), 1600u);
    EXPECT_EQ(split.OfRows(i), split.statements()[i].text().starts_with("INSERT INTO kv_log"));
    if (split.OfRows(i)) inserted += split.counts()[i];
  }
  EXPECT_GT(split.statements().size(), 6u);
  EXPECT_EQ(inserted, 10);
}

TEST(AppendScript, ARowThatIsTooLongHasAStatementOfItsOwn) {
  const std::string value(5000, 'v');
  const std::vector<LogRecord> rows = {{.id = {2, 0}, .key = "a", .value = value},
                                       {.id = {3, 0}, .key = "b", .value = value}};
  const AppendScript script({.rows = rows}, true, 1000);
  EXPECT_EQ(script.statements().size(), 5u);
  EXPECT_GT(script.largest(), 5000u);
}

TEST(Statement, BytesCannotEndTheirQuotes) {
  EXPECT_EQ(Statement().Bytes(std::string_view("a'b\\c\0d\n\xff", 9)).text(),
            "'a\\'b\\\\c\\0d\n\xff'");
  EXPECT_EQ(Statement().Bytes("").text(), "''");
  EXPECT_EQ(Identifier("a`b"), "`a``b`");
}

TEST(Statement, NumbersAreWrittenToTheirLimits) {
  EXPECT_EQ(Statement().Int(std::numeric_limits<int64_t>::min()).text(), "-9223372036854775808");
  const std::vector<int64_t> numbers = {1, -2, 3};
  EXPECT_EQ(Statement().Ints(numbers).text(), "1, -2, 3");
}

}  // namespace
}  // namespace kvshim::sql::mysql
