#include "sql/postgres/error.h"

#include <gtest/gtest.h>

namespace kvshim::sql::postgres {
namespace {

TEST(PostgresError, WhatTellsOfAnotherServersAppendIsAConflict) {
  // The last one is how CockroachDB and YugabyteDB ask for another try.
  for (const char* state : {"23505", "23502", "40P01", "40001"}) {
    EXPECT_EQ(Classify(state, true), ErrorKind::kConflict) << state;
  }
}

TEST(PostgresError, ALostAnswerIsAmbiguousOnlyWhereItMayBeThatToCommit) {
  for (const char* state : {"", "08006", "57P01", "40003", "25P03", "53300", "58030"}) {
    EXPECT_EQ(Classify(state, true), ErrorKind::kAmbiguous) << state;
    EXPECT_EQ(Classify(state, false), ErrorKind::kIo) << state;
  }
}

TEST(PostgresError, ALockNotHadInTimeIsBusy) {
  EXPECT_EQ(Classify("55P03", true), ErrorKind::kBusy);
  EXPECT_EQ(Classify("57014", true), ErrorKind::kBusy);
}

TEST(PostgresError, AMessageNamesTheFix) {
  const absl::Status status =
      MakeError(ErrorKind::kPermission, "postgres://db/x", "connecting", "no\n", "28P01");
  EXPECT_EQ(status.message(),
            "database postgres://db/x: connecting failed: no (28P01); check the user and the "
            "password");
}

}  // namespace
}  // namespace kvshim::sql::postgres
