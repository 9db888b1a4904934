#include "sql/mysql/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvshim::sql::mysql {
namespace {

using ::testing::HasSubstr;

TEST(MysqlError, WhatTellsOfAnotherServersAppendIsAConflict) {
  for (const unsigned code :
       {1020u, 1048u, 1062u, 1213u, 1205u, 3101u, 9007u, 8002u, 8022u, 8028u}) {
    EXPECT_EQ(Classify(code, Purpose::kAppend), ErrorKind::kConflict) << code;
    EXPECT_EQ(Classify(code, Purpose::kBeforeCommit), ErrorKind::kConflict) << code;
    EXPECT_FALSE(EndsSession(code)) << code;
  }
}

TEST(MysqlError, ALockNotHadInTimeIsBusyOutsideOfAnAppend) {
  EXPECT_EQ(Classify(1205, Purpose::kRead), ErrorKind::kBusy);
}

TEST(MysqlError, ALostAnswerIsAmbiguousOnlyWhereItMayBeThatToCommit) {
  for (const unsigned code : {2006u, 2013u, 2027u, 1053u, 1180u, 1927u, 1047u, 1026u, 8501u}) {
    EXPECT_EQ(Classify(code, Purpose::kAppend), ErrorKind::kAmbiguous) << code;
    EXPECT_EQ(Classify(code, Purpose::kBeforeCommit), ErrorKind::kIo) << code;
    EXPECT_EQ(Classify(code, Purpose::kRead), ErrorKind::kIo) << code;
  }
  EXPECT_EQ(Classify(1969, Purpose::kAppend), ErrorKind::kAmbiguous);
  EXPECT_EQ(Classify(1969, Purpose::kRead), ErrorKind::kBusy);
}

TEST(MysqlError, WhatWasRefusedBeforeItBeganIsNotAmbiguous) {
  EXPECT_EQ(Classify(1040, Purpose::kAppend), ErrorKind::kIo);
  EXPECT_EQ(Classify(1203, Purpose::kAppend), ErrorKind::kIo);
  EXPECT_EQ(Classify(1114, Purpose::kAppend), ErrorKind::kFull);
  EXPECT_EQ(Classify(1142, Purpose::kAppend), ErrorKind::kPermission);
}

TEST(MysqlError, AServerThatIsNoPrimaryAnyMoreIsLeft) {
  for (const unsigned code : {1290u, 1792u, 1836u, 3100u}) {
    EXPECT_EQ(Classify(code, Purpose::kAppend), ErrorKind::kReadOnly) << code;
    EXPECT_TRUE(EndsSession(code)) << code;
  }
}

TEST(MysqlError, MessagesNameTheDatabaseTheCodeAndWhatToDo) {
  const absl::Status status =
      MakeError(ErrorKind::kOther, "mysql://db:3306/x", "a statement", "no\nroom", 1665);
  EXPECT_THAT(status.ToString(),
              HasSubstr("database mysql://db:3306/x: a statement failed: no room "
                        "(error 1665); set binlog_format"));
}

}  // namespace
}  // namespace kvshim::sql::mysql
