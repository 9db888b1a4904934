// What is SQLite's own: cleaning up beside commits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <span>

#include "dialect/chain.h"
#include "dialect/sqlite_place.h"
#include "unit/sql/fault_vfs.h"

namespace kvshim::sql {
namespace {

using ::testing::ElementsAre;

class Sqlite : public ::testing::Test {
 protected:
  // With rows that may be deleted.
  std::unique_ptr<Database> Filled(int64_t rows, DatabaseOptions options = {}) {
    auto database = place_.MustOpen(std::move(options));
    EXPECT_OK(database->Prepare(chain_.genesis()));
    std::vector<StoredRow> stored;
    for (int64_t revision = 2; revision < 2 + rows; ++revision) {
      stored.push_back(Put(revision, "k", RandomBytes(1024)));
      deletable_.push_back({revision, 0});
    }
    EXPECT_OK(chain_.Append(*database, stored));
    chain_.compact_revision = chain_.gc_floor = 1 + rows;
    EXPECT_OK(chain_.Append(*database));
    return database;
  }

  // Appends a row of its own in a batch of its own.
  absl::Status AppendOne(Database& database) {
    return chain_.Append(database, {Put(chain_.revision() + 1, "k", "v")});
  }
  std::string Settled() { return place_.Query("SELECT max(seq) FROM kv_batch").at(0); }

  testing::FaultVfs vfs_;
  SqlitePlace place_;
  Chain chain_;
  std::vector<RowId> deletable_;
};

TEST_F(Sqlite, CleaningUpIsFlushedWithTheNextCommit) {
  const auto database = Filled(2000);
  const int before = vfs_.syncs();
  ASSERT_OK(database->DeleteRows(deletable_));
  const absl::StatusOr<int64_t> free = database->Vacuum(100);
  ASSERT_TRUE(free.ok()) << free.status();
  EXPECT_GT(*free, 0);
  EXPECT_EQ(vfs_.syncs(), before);
  ASSERT_OK(chain_.Append(*database));
  EXPECT_GT(vfs_.syncs(), before);
}

TEST_F(Sqlite, CommitsAreFlushedAfterACleaningUpThatFailed) {
  bool fail = true;
  const auto database = Filled(10, {.fault = [&](FaultPoint point) {
                                 return fail && point == FaultPoint::kInDelete
                                            ? MakeError(ErrorKind::kIo, "cut")
                                            : absl::OkStatus();
                               }});
  EXPECT_FALSE(database->DeleteRows(deletable_).ok());
  const int before = vfs_.syncs();
  ASSERT_OK(chain_.Append(*database));
  EXPECT_GT(vfs_.syncs(), before);
}

TEST_F(Sqlite, ADeletionGivesTheLockUpWhenItHasHadItsTime) {
  int turns = 0;
  const auto database =
      Filled(20, {.fault = [&](FaultPoint point) {
               if (point == FaultPoint::kBeforeDelete) {
                 ++turns;
                 const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
                 while (std::chrono::steady_clock::now() < until) {
                 }
               }
               return absl::OkStatus();
             }});
  ASSERT_OK(database->DeleteRows(deletable_));
  EXPECT_EQ(turns, 20) << "a row at least in each";
  EXPECT_TRUE(RowsIn(*database).empty());
}

TEST_F(Sqlite, BatchesStandInTheirRowsUntilThereAreManyAndAreReadFromBoth) {
  auto database = place_.MustOpen();
  ASSERT_OK(database->Prepare(chain_.genesis()));
  std::vector<int64_t> all{1};
  for (int i = 0; i < 150; ++i) {
    ASSERT_OK(AppendOne(*database));
    all.push_back(chain_.seq());
    ASSERT_EQ(HeadIn(*database), HeadOf(chain_));
  }
  EXPECT_EQ(Settled(), "129") << "64 at a time";
  EXPECT_EQ(BatchesIn(*database), all);
  EXPECT_THAT(BatchesIn(*database, 128, 3), ElementsAre(128, 129, 130));
  EXPECT_THAT(BatchesIn(*database, 140, 2), ElementsAre(140, 141));

  database.reset();
  database = place_.MustOpen();
  ASSERT_OK(database->Prepare(chain_.genesis()));
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  ASSERT_OK(AppendOne(*database));
  all.push_back(chain_.seq());
  EXPECT_EQ(BatchesIn(*database), all);
}

TEST_F(Sqlite, ABatchWithoutRowsSettlesThoseBeforeIt) {
  const auto database = place_.MustOpen();
  ASSERT_OK(database->Prepare(chain_.genesis()));
  ASSERT_OK(AppendOne(*database));
  ASSERT_OK(AppendOne(*database));
  EXPECT_EQ(Settled(), "1");
  ASSERT_OK(chain_.Append(*database));
  EXPECT_EQ(Settled(), "4");
  ASSERT_OK(AppendOne(*database));
  EXPECT_THAT(BatchesIn(*database), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(Sqlite, ARowThatIsDeletedTakesNoBatchAlong) {
  auto database = place_.MustOpen();
  ASSERT_OK(database->Prepare(chain_.genesis()));
  for (int i = 0; i < 5; ++i) ASSERT_OK(AppendOne(*database));
  chain_.compact_revision = chain_.gc_floor = chain_.revision() + 1;
  ASSERT_OK(AppendOne(*database));
  const std::vector<RowId> newest = {{4, 0}, {6, 0}, {chain_.revision(), 0}};
  ASSERT_OK(database->DeleteRows(newest));
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  ASSERT_OK(AppendOne(*database));
  database.reset();
  database = place_.MustOpen();
  ASSERT_OK(database->Prepare(chain_.genesis()));
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  EXPECT_THAT(BatchesIn(*database), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
}

TEST_F(Sqlite, ACommitThatFailedSettledNothing) {
  bool fail = false;
  const auto database = place_.MustOpen({.fault = [&](FaultPoint point) {
    return fail && (point == FaultPoint::kInFlush || point == FaultPoint::kInDelete)
               ? MakeError(ErrorKind::kIo, "cut")
               : absl::OkStatus();
  }});
  ASSERT_OK(database->Prepare(chain_.genesis()));
  ASSERT_OK(AppendOne(*database));
  chain_.compact_revision = chain_.gc_floor = chain_.revision() + 1;
  ASSERT_OK(AppendOne(*database));
  fail = true;
  EXPECT_FALSE(chain_.Append(*database).ok());
  const std::vector<RowId> newest = {{chain_.revision(), 0}};
  EXPECT_FALSE(database->DeleteRows(newest).ok());
  EXPECT_EQ(Settled(), "1");
  fail = false;
  ASSERT_OK(database->DeleteRows(newest));
  EXPECT_EQ(Settled(), "3");
  ASSERT_OK(chain_.Append(*database));
  EXPECT_THAT(BatchesIn(*database), ElementsAre(1, 2, 3, 4));
}

TEST_F(Sqlite, AFileOfTheFirstVersionIsMigrated) {
  auto database = place_.MustOpen();
  ASSERT_OK(database->Prepare(chain_.genesis()));
  ASSERT_OK(AppendOne(*database));
  ASSERT_OK(chain_.Append(*database));
  database.reset();
  place_.Query("ALTER TABLE kv_log DROP COLUMN batch; PRAGMA user_version = 1");

  database = place_.MustOpen();
  ASSERT_OK(database->Prepare(chain_.genesis()));
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  ASSERT_OK(AppendOne(*database));
  EXPECT_THAT(BatchesIn(*database), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(place_.Query("PRAGMA user_version"), ElementsAre("2"));
}

TEST_F(Sqlite, ADamagedBatchInARowIsSaid) {
  auto database = place_.MustOpen();
  ASSERT_OK(database->Prepare(chain_.genesis()));
  ASSERT_OK(AppendOne(*database));
  database.reset();
  for (const char* damaged : {"NULL", "x'00'", "zeroblob(64)"}) {
    place_.Query(std::string("UPDATE kv_log SET batch = ") + damaged);
    database = place_.MustOpen();
    EXPECT_EQ(KindOf(database->Prepare(chain_.genesis())), ErrorKind::kCorrupt) << damaged;
    database.reset();
  }
}

TEST_F(Sqlite, ADamagedBatchInItsTableIsSaid) {
  auto database = place_.MustOpen();
  ASSERT_OK(database->Prepare(chain_.genesis()));
  database.reset();
  place_.Query("UPDATE kv_batch SET hash = x'00'");
  database = place_.MustOpen();
  EXPECT_EQ(KindOf(database->Prepare(chain_.genesis())), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace kvshim::sql
