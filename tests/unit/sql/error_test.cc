#include "sql/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/strings.h"
#include "sql/sqlite/error.h"

namespace kvshim::sql {
namespace {

using ::testing::HasSubstr;

TEST(Error, KindTravelsInTheStatus) {
  for (int i = 1; i <= static_cast<int>(ErrorKind::kOther); ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    EXPECT_EQ(KindOf(MakeError(kind, "x")), kind);
    EXPECT_NE(NameOf(kind), "none");
  }
}

TEST(Error, OtherStatusesHaveNoKind) {
  EXPECT_EQ(KindOf(absl::OkStatus()), ErrorKind::kNone);
  EXPECT_EQ(KindOf(absl::InternalError("x")), ErrorKind::kNone);
}

TEST(SqliteError, AnIoErrorIsAmbiguousOnlyAtCommit) {
  EXPECT_EQ(sqlite::Classify(SQLITE_IOERR_FSYNC), ErrorKind::kIo);
  EXPECT_EQ(sqlite::ClassifyCommit(SQLITE_IOERR_FSYNC), ErrorKind::kAmbiguous);
  EXPECT_EQ(sqlite::ClassifyCommit(SQLITE_NOMEM), ErrorKind::kAmbiguous);
  EXPECT_EQ(sqlite::ClassifyCommit(SQLITE_FULL), ErrorKind::kFull);
}

TEST(SqliteError, CodesHaveTheirMeaning) {
  EXPECT_EQ(sqlite::Classify(SQLITE_CONSTRAINT_NOTNULL), ErrorKind::kConflict);
  EXPECT_EQ(sqlite::Classify(SQLITE_CONSTRAINT_PRIMARYKEY), ErrorKind::kConflict);
  EXPECT_EQ(sqlite::Classify(SQLITE_BUSY), ErrorKind::kBusy);
  EXPECT_EQ(sqlite::Classify(SQLITE_READONLY_DBMOVED), ErrorKind::kReadOnly);
  EXPECT_EQ(sqlite::Classify(SQLITE_CORRUPT_INDEX), ErrorKind::kCorrupt);
  EXPECT_EQ(sqlite::Classify(SQLITE_NOTADB), ErrorKind::kForeign);
}

TEST(SqliteError, TheMessageNamesTheFileAndTheFix) {
  const absl::Status status =
      sqlite::MakeError(ErrorKind::kFull, "/data/state.db", "COMMIT", "disk full", SQLITE_FULL, 0);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(base::FromAbsl(status.message())),
              ::testing::AllOf(HasSubstr("/data/state.db"), HasSubstr("free space")));
}

}  // namespace
}  // namespace kvshim::sql
