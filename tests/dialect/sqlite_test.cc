// What is SQLite's own: cleaning up beside commits.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <span>

#include "dialect/chain.h"
#include "dialect/sqlite_place.h"
#include "unit/sql/fault_vfs.h"

namespace kvshim::sql {
namespace {

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

}  // namespace
}  // namespace kvshim::sql
