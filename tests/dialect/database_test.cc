// What holds for every database.
#include "sql/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "dialect/chain.h"
#include "dialect/products.h"

namespace kvshim::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

class EveryDatabase : public ::testing::TestWithParam<Product> {
 protected:
  std::unique_ptr<Database> Prepared(DatabaseOptions options = {}) {
    auto database = place_->MustOpen(std::move(options));
    EXPECT_OK(database->Prepare(chain_.genesis()));
    return database;
  }

  const std::unique_ptr<Place> place_ = GetParam().make();
  Chain chain_;
};

INSTANTIATE_TEST_SUITE_P(Dialect, EveryDatabase, AllProducts(), ProductName);

TEST_P(EveryDatabase, FirstOpenMakesTheTablesAndTheSecondFindsThem) {
  {
    const auto database = Prepared();
    EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
    ASSERT_OK(chain_.Append(*database, {Put(2, "a", "1")}));
  }
  const auto again = place_->MustOpen();
  ASSERT_OK(again->Prepare(Chain().genesis()));
  EXPECT_EQ(HeadIn(*again), HeadOf(chain_));
  EXPECT_EQ(*again->ReadMeta("cluster"), "one");
  EXPECT_EQ(*again->ReadMeta("nothing"), std::nullopt);
}

TEST_P(EveryDatabase, AppendsAreReadBackInTheirOrder) {
  const auto database = Prepared();
  const std::vector<StoredRow> rows = {
      Put(2, "a", "1"),
      {.id = {3, 0}, .key = "b", .value = "2", .version = 4, .lease = -9},
      {.id = {3, 1}, .key = "c", .value = ""},
      {.id = {4, 0}, .key = "a", .tombstone = true},
  };
  ASSERT_OK(chain_.Append(*database, {rows[0]}));
  ASSERT_OK(chain_.Append(*database, {rows[1], rows[2]}));
  ASSERT_OK(chain_.Append(*database));
  ASSERT_OK(chain_.Append(*database, {rows[3]}));
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  EXPECT_EQ(RowsIn(*database), rows);
  EXPECT_EQ(RowsIn(*database, 3, 3), (std::vector{rows[1], rows[2]}));
  EXPECT_THAT(BatchesIn(*database), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(BatchesIn(*database, 3, 2), ElementsAre(3, 4));

  std::vector<RowId> after;
  const auto note = [&](const LogRecord& row) {
    EXPECT_TRUE(row.value.empty());
    after.push_back(row.id);
  };
  ASSERT_OK(database->ReadRowsWithoutValues({3, 0}, 4, 10, note));
  EXPECT_EQ(after, (std::vector<RowId>{{3, 1}, {4, 0}}));
  after.clear();
  ASSERT_OK(database->ReadRowsWithoutValues({0, 0}, 3, 2, note));
  EXPECT_EQ(after, (std::vector<RowId>{{2, 0}, {3, 0}}));
}

TEST_P(EveryDatabase, ABatchComesBackWithAllItsFields) {
  const auto database = Prepared();
  chain_.compact_revision = 2;
  chain_.gc_floor = 1;
  const std::string before = chain_.nonce();
  ASSERT_OK(chain_.Append(*database, {Put(2, "a", "1"), Put(3, "a", "2")}));
  int visited = 0;
  ASSERT_OK(database->ReadHead([&](const BatchRecord& batch) {
    ++visited;
    EXPECT_EQ(batch.prev, before);
    EXPECT_EQ(batch.epoch, 1);
    EXPECT_EQ(batch.first_revision, 2);
    EXPECT_EQ(batch.last_revision, 3);
    EXPECT_EQ(batch.row_count, 2);
    EXPECT_EQ(batch.compact_revision, 2);
    EXPECT_EQ(batch.gc_floor, 1);
    EXPECT_EQ(batch.min_reader, 1);
    EXPECT_EQ(batch.min_writer, 1);
    EXPECT_EQ(batch.writer, 7);
    EXPECT_EQ(batch.ops, std::string_view("ops\0'\\"));
    EXPECT_EQ(batch.hash, std::string(32, '\x7f'));
  }));
  EXPECT_EQ(visited, 1);
}

TEST_P(EveryDatabase, AnAppendAfterAnotherHeadIsAConflictAndWritesNothing) {
  const auto database = Prepared();
  ASSERT_OK(chain_.Append(*database, {Put(2, "a", "1")}));
  const Chain here = chain_;

  Chain behind = here;
  ASSERT_OK(chain_.Append(*database, {Put(3, "b", "2")}));
  behind.projections = {PutLease{7, 60}};
  EXPECT_EQ(KindOf(behind.Append(*database, {Put(3, "b", "other")})), ErrorKind::kConflict);

  Chain other_nonce;  // of another history
  other_nonce.Advance(RandomBytes(16), 2);
  other_nonce.Advance(RandomBytes(16), 3);
  EXPECT_EQ(KindOf(other_nonce.Append(*database, {Put(4, "b", "other")})), ErrorKind::kConflict);

  Chain ahead = chain_;
  ahead.Advance(RandomBytes(16), 4);
  EXPECT_EQ(KindOf(ahead.Append(*database, {Put(5, "b", "other")})), ErrorKind::kConflict);

  Chain other_epoch = chain_;
  other_epoch.epoch = 2;
  EXPECT_EQ(KindOf(other_epoch.Append(*database, {Put(4, "b", "other")})), ErrorKind::kConflict);

  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  EXPECT_EQ(RowsIn(*database), (std::vector{Put(2, "a", "1"), Put(3, "b", "2")}));
  Loaded loaded;
  ASSERT_OK(database->Load(loaded));
  EXPECT_THAT(loaded.leases, IsEmpty());
  EXPECT_EQ(database->Stats().conflicts, 4);
  EXPECT_OK(chain_.Append(*database, {Put(4, "c", "3")}));
}

TEST_P(EveryDatabase, AppendsOfRowsThatCannotGoInLeaveNoBatch) {
  const auto database = Prepared();
  ASSERT_OK(chain_.Append(*database, {Put(2, "a", "1")}));
  Chain broken = chain_;
  broken.projections = {PutMeta{"left", "over"}};
  EXPECT_FALSE(broken.Append(*database, {Put(3, "b", "2"), Put(3, "b", "again")}).ok());
  EXPECT_FALSE(broken.Append(*database, {Put(2, "b", "taken")}).ok());
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  EXPECT_EQ(RowsIn(*database), (std::vector{Put(2, "a", "1")}));
  EXPECT_EQ(*database->ReadMeta("left"), std::nullopt);
  EXPECT_OK(chain_.Append(*database, {Put(3, "c", "3")}));
}

TEST_P(EveryDatabase, AnyBytesComeBackAsTheyWere) {
  const auto database = Prepared();
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  std::vector<std::string> texts = {"",
                                    std::string(1, '\0'),
                                    std::string(5, '\0'),
                                    "'",
                                    "''",
                                    "\\",
                                    "\\'",
                                    "\\\\'; DROP TABLE kv_log; -- ",
                                    "\"%_`\n\r\x1a$1?",
                                    "\xff\xfe\xc0\x80\xed\xa0\x80",
                                    "\xe4\xbd\xa0\xe5\xa5\xbd",
                                    every,
                                    every + every,
                                    RandomBytes(100000),
                                    RandomBytes(1536 * 1024)};
  std::vector<StoredRow> rows;
  for (const std::string& text : texts) {
    rows.push_back(Put(static_cast<int64_t>(rows.size()) + 2, text, text));
  }
  ASSERT_OK(chain_.Append(*database, rows));
  const std::vector<StoredRow> found = RowsIn(*database);
  ASSERT_THAT(found, SizeIs(rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_TRUE(found[i] == rows[i]) << rows[i];

  chain_.projections = {PutMeta{"every", every}, PutLease{std::numeric_limits<int64_t>::min(), 1}};
  ASSERT_OK(chain_.Append(*database));
  EXPECT_EQ(*database->ReadMeta("every"), every);
}

TEST_P(EveryDatabase, FetchTellsExactlyTheRowsAskedFor) {
  const auto database = Prepared();
  std::vector<StoredRow> rows;
  for (int64_t revision = 2; revision < 1300; ++revision) {
    rows.push_back(Put(revision, base::Concat("key", revision), base::Concat("value", revision)));
  }
  rows.push_back({.id = {1299, 1}, .key = "sub", .value = "x"});
  ASSERT_OK(chain_.Append(*database, rows));

  std::vector<RowId> ids = {{700, 0}, {2, 0}, {5000, 0}, {1299, 1}, {2, 1}, {2, 0}};
  for (int64_t revision = 1298; revision > 10; --revision) ids.push_back({revision, 0});
  std::vector<std::optional<StoredRow>> found(ids.size());
  size_t visits = 0;
  ASSERT_OK(database->Fetch(ids, [&](size_t i, const LogRecord& row) {
    found.at(i) = StoredRow::Of(row);
    ++visits;
  }));
  EXPECT_EQ(visits, ids.size() - 2);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i == 2 || i == 4) {
      EXPECT_FALSE(found[i].has_value());
      continue;
    }
    ASSERT_TRUE(found[i].has_value()) << ids[i].revision;
    EXPECT_EQ(found[i]->id, ids[i]);
    if (i > 5) {
      EXPECT_EQ(found[i]->value, base::Concat("value", ids[i].revision));
    }
  }
  ASSERT_OK(database->Fetch({}, [](size_t, const LogRecord&) { FAIL(); }));
}

TEST_P(EveryDatabase, AScanStopsWhereItsVisitorSaysAndTheNextGoesOn) {
  const auto database = Prepared();
  ASSERT_OK(chain_.Append(*database, {Put(2, "a", "1"), Put(3, "b", "2"), Put(4, "c", "3")}));
  for (int round = 0; round < 10; ++round) {
    int visited = 0;
    ASSERT_OK(database->ReadRows(2, 4, [&](const LogRecord&) { return ++visited < 2; }));
    ASSERT_EQ(visited, 2);
  }
  EXPECT_THAT(RowsIn(*database), SizeIs(3));
}

TEST_P(EveryDatabase, ALargeBatchGoesInWhole) {
  const auto database = Prepared();
  std::vector<StoredRow> rows;
  const std::string value(1536 * 1024, '\'');  // each byte of it is escaped
  for (int64_t revision = 2; revision < 14; ++revision) rows.push_back(Put(revision, "k", value));
  for (int64_t revision = 14; revision < 3000; ++revision) rows.push_back(Put(revision, "k", "v"));
  ASSERT_OK(chain_.Append(*database, rows));
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  EXPECT_TRUE(RowsIn(*database) == rows);

  Chain behind;
  behind.Advance(RandomBytes(16), 2999);
  for (StoredRow& row : rows) row.id.revision += 2998;
  EXPECT_EQ(KindOf(behind.Append(*database, rows)), ErrorKind::kConflict);
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  EXPECT_THAT(RowsIn(*database, 3000), IsEmpty());
}

TEST_P(EveryDatabase, ProjectionsChangeWithTheBatch) {
  const auto database = Prepared();
  chain_.projections = {PutLease{1, 60}, PutLease{2, 30}, PutMeta{"alarm", "on"}};
  ASSERT_OK(chain_.Append(*database));
  chain_.projections = {DropLease{1}, PutLease{2, 45}, PutMeta{"alarm", "off"}, PutMeta{"x", "y"}};
  ASSERT_OK(chain_.Append(*database));
  chain_.projections = {DropMeta{"x"}, DropLease{99}};
  ASSERT_OK(chain_.Append(*database));
  Loaded loaded;
  ASSERT_OK(database->Load(loaded));
  EXPECT_EQ(loaded.head, HeadOf(chain_));
  EXPECT_THAT(loaded.leases, ElementsAre(Pair(2, 45)));
  EXPECT_EQ(loaded.Meta("alarm"), "off");
  EXPECT_EQ(loaded.Meta("cluster"), "one");
  EXPECT_EQ(loaded.Meta("x"), "(none)");
}

TEST_P(EveryDatabase, LoadTellsTheRowsInOrderWithoutTheirValues) {
  const auto database = Prepared();
  std::vector<StoredRow> rows;
  for (int64_t revision = 2; revision < 500; ++revision) {
    rows.push_back(Put(revision, "k", std::string(static_cast<size_t>(revision), 'v')));
    rows.push_back({.id = {revision, 1}, .key = "l", .tombstone = true});
  }
  ASSERT_OK(chain_.Append(*database, rows));
  Loaded loaded;
  ASSERT_OK(database->Load(loaded));
  ASSERT_THAT(loaded.rows, SizeIs(rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(loaded.rows[i], rows[i].id);
    ASSERT_EQ(loaded.sizes[i], static_cast<int64_t>(rows[i].value.size()));
  }
}

TEST_P(EveryDatabase, OnlyRowsUpToTheFloorAreDeleted) {
  const auto database = Prepared();
  ASSERT_OK(chain_.Append(*database, {Put(2, "a", "1"), Put(3, "a", "2"), Put(4, "a", "3")}));
  chain_.compact_revision = 4;
  chain_.gc_floor = 3;
  ASSERT_OK(chain_.Append(*database));

  const std::vector<RowId> too_many = {{2, 0}, {4, 0}};
  EXPECT_EQ(database->DeleteRows(too_many).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(RowsIn(*database), SizeIs(3));

  const std::vector<RowId> exact = {{2, 0}, {3, 7}};
  ASSERT_OK(database->DeleteRows(exact));
  EXPECT_EQ(RowsIn(*database), (std::vector{Put(3, "a", "2"), Put(4, "a", "3")}));
  EXPECT_EQ(database->Stats().deleted_rows, 1);
  ASSERT_OK(database->DeleteRows({}));
}

TEST_P(EveryDatabase, OldBatchesArePrunedAndTheHeadIsNot) {
  const auto database = Prepared();
  for (int i = 0; i < 5; ++i) ASSERT_OK(chain_.Append(*database));
  chain_.prune_through = 4;
  ASSERT_OK(chain_.Append(*database));
  EXPECT_THAT(BatchesIn(*database), ElementsAre(5, 6, 7));
}

TEST_P(EveryDatabase, AFaultBeforeTheFlushWritesNothing) {
  bool fail = true;
  const auto database = Prepared({.fault = [&](FaultPoint point) {
    return fail && point == FaultPoint::kBeforeFlush ? MakeError(ErrorKind::kIo, "cut")
                                                     : absl::OkStatus();
  }});
  EXPECT_EQ(KindOf(chain_.Append(*database, {Put(2, "a", "1")})), ErrorKind::kIo);
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  fail = false;
  EXPECT_OK(chain_.Append(*database, {Put(2, "a", "1")}));
}

TEST_P(EveryDatabase, AnAnswerLostAfterCommitIsAmbiguousAndTheBatchIsFound) {
  bool fail = true;
  const auto database = Prepared({.fault = [&](FaultPoint point) {
    return fail && point == FaultPoint::kAfterCommit ? absl::UnavailableError("cut")
                                                     : absl::OkStatus();
  }});
  EXPECT_EQ(KindOf(chain_.Append(*database, {Put(2, "a", "1")})), ErrorKind::kAmbiguous);
  fail = false;
  EXPECT_THAT(BatchesIn(*database, chain_.seq()), ElementsAre(1, 2));
  EXPECT_EQ(HeadIn(*database).nonce, chain_.attempted());
  EXPECT_EQ(RowsIn(*database), (std::vector{Put(2, "a", "1")}));
}

TEST_P(EveryDatabase, AFaultInADeletionDeletesNothing) {
  bool fail = true;
  const auto database = Prepared({.fault = [&](FaultPoint point) {
    return fail && point == FaultPoint::kInDelete ? MakeError(ErrorKind::kIo, "cut")
                                                  : absl::OkStatus();
  }});
  ASSERT_OK(chain_.Append(*database, {Put(2, "a", "1"), Put(3, "a", "2")}));
  chain_.compact_revision = chain_.gc_floor = 3;
  ASSERT_OK(chain_.Append(*database));
  const std::vector<RowId> ids = {{2, 0}};
  EXPECT_FALSE(database->DeleteRows(ids).ok());
  EXPECT_THAT(RowsIn(*database), SizeIs(2));
  fail = false;
  ASSERT_OK(database->DeleteRows(ids));
  EXPECT_THAT(RowsIn(*database), SizeIs(1));
}

TEST_P(EveryDatabase, AnotherProgramsTablesAreLeftAlone) {
  place_->Create();
  place_->Query("CREATE TABLE kv_log (theirs INTEGER)");
  place_->Query("INSERT INTO kv_log VALUES (42)");
  // A file is refused before it is opened, a database of a server once it is looked into.
  const auto database = place_->Open(*Dsn::Parse(place_->dsn()), {});
  const absl::Status status =
      database.ok() ? (*database)->Prepare(chain_.genesis()) : database.status();
  EXPECT_EQ(KindOf(status), ErrorKind::kForeign) << status;
  EXPECT_THAT(place_->Query("SELECT theirs FROM kv_log"), ElementsAre("42"));
}

TEST_P(EveryDatabase, ANewerSchemaIsRefused) {
  Prepared().reset();
  place_->Query(place_->Renew());
  const auto database = place_->MustOpen();
  const absl::Status status = database->Prepare(chain_.genesis());
  EXPECT_EQ(KindOf(status), ErrorKind::kNewerSchema) << status;
  EXPECT_THAT(status.ToString(), HasSubstr("9999"));
}

TEST_P(EveryDatabase, UpkeepKeepsEverything) {
  const auto database = Prepared();
  std::vector<StoredRow> rows;
  for (int64_t revision = 2; revision < 200; ++revision) {
    rows.push_back(Put(revision, "k", RandomBytes(5000)));
  }
  ASSERT_OK(chain_.Append(*database, rows));
  ASSERT_OK(database->Checkpoint());
  ASSERT_OK(database->Defragment());
  ASSERT_TRUE(database->Vacuum(1000).ok());
  ASSERT_OK(
      database->CheckStructure([](std::string_view complaint) { ADD_FAILURE() << complaint; }));
  EXPECT_TRUE(RowsIn(*database) == rows);
  const auto size = database->Size();
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_GT(size->in_use, 500000);
  EXPECT_GE(size->total, size->in_use);
  EXPECT_LT(size->total, 50000000);
}

TEST_P(EveryDatabase, StatisticsCountWhatWasCommitted) {
  std::vector<CommitSample> samples;
  const auto database =
      Prepared({.on_commit = [&](const CommitSample& sample) { samples.push_back(sample); }});
  ASSERT_OK(chain_.Append(*database, {Put(2, "key", "value"), Put(3, "key", "")}));
  ASSERT_THAT(samples, SizeIs(1));
  EXPECT_EQ(samples[0].rows, 2);
  EXPECT_EQ(samples[0].bytes, 11);
  EXPECT_GT(samples[0].total.count(), 0);
  EXPECT_EQ(database->Stats().commits, 1);
  EXPECT_EQ(database->Stats().rows, 2);
  EXPECT_EQ(database->Stats().bytes, 11);
}

TEST_P(EveryDatabase, ItsNameDoesNotShowThePassword) {
  const auto database = place_->MustOpen();
  EXPECT_THAT(database->name(), Not(HasSubstr("secret")));
  EXPECT_THAT(database->name(), Not(IsEmpty()));
}

}  // namespace
}  // namespace kvshim::sql
