#include "log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sql/error.h"
#include "unit/log/rows.h"
#include "unit/temporary_directory.h"

namespace kvshim::log {
namespace {

using sql::ErrorKind;

class LogTest : public ::testing::Test {
 protected:
  testing::TemporaryDirectory directory_;
  const std::string path_ = directory_.File("state.db");
};

TEST_F(LogTest, ANewOneIsEmptyAtRevisionOne) {
  auto log = MustOpen(path_);
  const Loaded loaded = MustLoad(*log);
  EXPECT_EQ(loaded.head.revision, 1);
  EXPECT_EQ(loaded.head.seq, 1);
  EXPECT_TRUE(loaded.rows.empty());
  EXPECT_NE(loaded.identity.cluster_id, 0u);
  EXPECT_NE(loaded.identity.member_id, 0u);
  EXPECT_NE(loaded.identity.member_id, loaded.identity.cluster_id);
  EXPECT_EQ(Findings(*log), "");
}

TEST_F(LogTest, TheDirectoryIsMadeWhereMissing) {
  const std::string path = directory_.File("a/b/state.db");
  MustOpen("sqlite://" + path);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(LogTest, AnotherProgramsFileIsRefusedUntouched) {
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "CREATE TABLE kine (id INTEGER)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(other);
  const auto content = [this] {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = content();
  const auto refused = Log::Open(*sql::Dsn::Parse(path_), {});
  EXPECT_EQ(sql::KindOf(refused.status()), ErrorKind::kForeign) << refused.status();
  EXPECT_EQ(content(), before);
}

TEST_F(LogTest, AppendedRowsAreThereAfterAReopen) {
  Identity identity;
  const std::string key("a\0\xff", 3);
  {
    auto log = MustOpen(path_);
    identity = log->identity();
    Writer writer(MustLoad(*log).head);
    writer.Put(key, std::string(5000, 'v'), LeaseId{-5});
    writer.Put("b", "");
    writer.Delete("b");
    writer.MustAppend(*log);
  }
  auto log = MustOpen(path_);
  const Loaded loaded = MustLoad(*log);
  EXPECT_EQ(loaded.identity.cluster_id, identity.cluster_id);
  EXPECT_EQ(loaded.identity.member_id, identity.member_id);
  EXPECT_EQ(loaded.head.revision, 4);
  ASSERT_EQ(loaded.rows.size(), 3u);
  EXPECT_EQ(loaded.rows[0].key, key);
  EXPECT_EQ(loaded.rows[0].value_size, 5000);
  EXPECT_EQ(loaded.rows[0].lease, LeaseId{-5});
  EXPECT_FALSE(loaded.rows[1].tombstone);
  EXPECT_TRUE(loaded.rows[2].tombstone);

  const std::vector<mvcc::Revision> revisions = {{4, 0}, {2, 0}, {3, 0}, {2, 1}, {99, 0}};
  const auto found = log->Fetch(revisions);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE((*found)[0]->is_tombstone());
  EXPECT_EQ((*found)[1]->value(), std::string(5000, 'v'));
  EXPECT_EQ((*found)[1]->lease(), LeaseId{-5});
  EXPECT_EQ((*found)[1]->key(), key);
  EXPECT_EQ((*found)[2]->value(), "");
  EXPECT_FALSE((*found)[3].has_value());
  EXPECT_FALSE((*found)[4].has_value());
}

TEST_F(LogTest, TheAnsweredHeadIsTheOneThatIsRead) {
  auto log = MustOpen(path_);
  Writer writer(MustLoad(*log).head);
  writer.Put("a", "1");
  writer.MustAppend(*log);
  EXPECT_EQ(*log->ReadHead(), writer.head());
  EXPECT_EQ(MustLoad(*log).head, writer.head());
}

TEST_F(LogTest, ABatchOnAnOldHeadIsAConflictAndWritesNothing) {
  auto log = MustOpen(path_);
  Writer first(MustLoad(*log).head);
  Writer second = first;
  first.Put("a", "1");
  first.MustAppend(*log);
  second.Put("a", "2");
  second.batch().ops.push_back(LeaseGrant{LeaseId{1}, 10});
  EXPECT_EQ(second.Append(*log).outcome, Outcome::kConflict);

  // The right place in the chain, but another predecessor: a fork.
  Head forked = first.head();
  forked.nonce[0] ^= 1;
  second.set_head(forked);
  second.Put("b", "2");
  EXPECT_EQ(second.Append(*log).outcome, Outcome::kConflict);
  Head other_epoch = first.head();
  other_epoch.epoch += 1;
  second.set_head(other_epoch);
  second.Put("b", "2");
  EXPECT_EQ(second.Append(*log).outcome, Outcome::kConflict);

  const Loaded loaded = MustLoad(*log);
  EXPECT_EQ(loaded.rows.size(), 1u);
  EXPECT_TRUE(loaded.leases.empty());
  EXPECT_EQ(log->Stats().conflicts, 3);
  first.Put("c", "3");
  first.MustAppend(*log);
  EXPECT_EQ(Findings(*log), "");
}

TEST_F(LogTest, ABatchThatBreaksTheOrderIsRefused) {
  auto log = MustOpen(path_);
  const Head head = MustLoad(*log).head;
  const auto refused = [&](const std::vector<mvcc::Revision>& revisions) {
    Batch batch;
    for (const mvcc::Revision& each : revisions) {
      batch.rows.push_back(KeyValue::Tombstone("k", each.main, each.sub));
    }
    const AppendResult result = log->Append(head, batch);
    return result.outcome == Outcome::kFailed &&
           result.status.code() == absl::StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused({{1, 0}}));
  EXPECT_TRUE(refused({{1, 1}}));
  EXPECT_TRUE(refused({{3, 0}}));
  EXPECT_TRUE(refused({{2, 1}}));
  EXPECT_TRUE(refused({{2, 0}, {2, 2}}));
  EXPECT_TRUE(refused({{2, 0}, {2, 0}}));
  EXPECT_TRUE(refused({{2, 0}, {4, 0}}));
  EXPECT_EQ(log->Append(head, {.compact_revision = 5}).outcome, Outcome::kFailed);
  EXPECT_EQ(log->Append(head, {.gc_floor = 1}).outcome, Outcome::kFailed);
  EXPECT_EQ(*log->ReadHead(), head);
}

TEST_F(LogTest, LeasesAndAlarmsFollowTheirOps) {
  auto log = MustOpen(path_);
  Writer writer(MustLoad(*log).head);
  writer.batch().ops = {LeaseGrant{LeaseId{1}, 10}, LeaseGrant{LeaseId{-2}, 20}, SetAlarm{7, 1},
                        SetAlarm{UINT64_MAX, 2}};
  writer.MustAppend(*log);
  EXPECT_EQ(writer.head().revision, 1);
  {
    const Loaded loaded = MustLoad(*log);
    ASSERT_EQ(loaded.leases.size(), 2u);
    EXPECT_EQ(loaded.leases[0].id, LeaseId{-2});
    EXPECT_EQ(loaded.leases[0].ttl, 20);
    EXPECT_EQ(loaded.leases[1].renew, 0);
    EXPECT_THAT(loaded.alarms,
                ::testing::UnorderedElementsAre(SetAlarm{7, 1}, SetAlarm{UINT64_MAX, 2}));
  }
  writer.batch().ops = {LeaseRevoke{LeaseId{1}}, ClearAlarm{7, 1}};
  writer.MustAppend(*log);
  const Loaded loaded = MustLoad(*log);
  ASSERT_EQ(loaded.leases.size(), 1u);
  EXPECT_EQ(loaded.leases[0].id, LeaseId{-2});
  EXPECT_THAT(loaded.alarms, ::testing::ElementsAre(SetAlarm{UINT64_MAX, 2}));
  EXPECT_EQ(Findings(*log), "");
}

TEST_F(LogTest, OnlyRowsUnderTheFloorCanBeDeleted) {
  auto log = MustOpen(path_);
  Writer writer(MustLoad(*log).head);
  for (int i = 0; i < 10; ++i) writer.Put("k", "v");
  writer.MustAppend(*log);
  writer.batch().compact_revision = 8;
  writer.MustAppend(*log);
  EXPECT_EQ(log->ReadHead()->compact_revision, 8);
  const std::vector<mvcc::Revision> dead = {{2, 0}, {3, 0}, {4, 0}};
  EXPECT_EQ(log->DeleteRows(dead).code(), absl::StatusCode::kInvalidArgument);
  writer.batch().gc_floor = 8;
  writer.MustAppend(*log);
  ASSERT_TRUE(log->DeleteRows(dead).ok());
  ASSERT_TRUE(log->DeleteRows(dead).ok()) << "rows already gone are no error";
  const std::vector<mvcc::Revision> mixed = {{5, 0}, {9, 0}};
  EXPECT_FALSE(log->DeleteRows(mixed).ok());
  EXPECT_EQ(MustLoad(*log).rows.size(), 7u) << "the mixed deletion must not be half done";
  EXPECT_FALSE((*log->Fetch(dead))[0].has_value());
  EXPECT_EQ(Findings(*log), "");
  EXPECT_FALSE(log->DeleteRows(std::vector<mvcc::Revision>(1001)).ok());
  EXPECT_EQ(log->Stats().deleted_rows, 3);
}

TEST_F(LogTest, ScanGivesTheAskedRevisionsInOrder) {
  auto log = MustOpen(path_);
  Writer writer(MustLoad(*log).head);
  for (int i = 2; i <= 20; ++i) writer.Put("k" + std::to_string(i % 3), std::to_string(i));
  writer.MustAppend(*log);
  std::string seen;
  ASSERT_TRUE(log->ScanRows(5, 8,
                            [&](const KeyValue& kv) {
                              seen += std::string(kv.value()) + " ";
                              return true;
                            })
                  .ok());
  EXPECT_EQ(seen, "5 6 7 8 ");
  int count = 0;
  ASSERT_TRUE(
      log->ScanRows(INT64_MIN, INT64_MAX, [&](const KeyValue&) { return ++count < 4; }).ok());
  EXPECT_EQ(count, 4);
}

TEST_F(LogTest, OldBatchesArePrunedAndTheNewestStay) {
  auto log = MustOpen(path_, {.kept_batches = 100});
  Writer writer(MustLoad(*log).head);
  for (int i = 0; i < 600; ++i) {
    writer.Put("k" + std::to_string(i % 7), "v");
    writer.MustAppend(*log);
  }
  EXPECT_EQ(Findings(*log), "");
  log.reset();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &raw), SQLITE_OK);
  sqlite3_stmt* count = nullptr;
  sqlite3_prepare_v2(raw,
                     "SELECT count(*), max(seq) + (SELECT count(batch) FROM kv_log WHERE rev > "
                     "(SELECT max(last_rev) FROM kv_batch)) FROM kv_batch",
                     -1, &count, nullptr);
  ASSERT_EQ(sqlite3_step(count), SQLITE_ROW);
  EXPECT_GE(sqlite3_column_int(count, 0), 100);
  EXPECT_LE(sqlite3_column_int(count, 0), 200);
  EXPECT_EQ(sqlite3_column_int(count, 1), 601);
  sqlite3_finalize(count);
  sqlite3_close(raw);
}

TEST_F(LogTest, ASnapshotIsADatabaseOfTheSameContents) {
  const std::string copy = directory_.File("copy.db");
  auto log = MustOpen(path_);
  Writer writer(MustLoad(*log).head);
  for (int i = 0; i < 500; ++i) writer.Put("k" + std::to_string(i), std::string(1024, 'x'));
  writer.MustAppend(*log);
  uint64_t bytes = 0;
  {
    std::ofstream out(copy, std::ios::binary);
    uint64_t expected = 0;
    const absl::Status status = log->Snapshot([&](const SnapshotPiece& piece) {
      // A write in the middle is no part of it.
      if (bytes == 0) {
        expected = piece.bytes.size() + piece.remaining;
        writer.Put("late", "x");
        EXPECT_EQ(writer.Append(*log).outcome, Outcome::kCommitted);
      }
      bytes += piece.bytes.size();
      EXPECT_EQ(bytes + piece.remaining, expected);
      out.write(piece.bytes.data(), static_cast<std::streamsize>(piece.bytes.size()));
      return true;
    });
    ASSERT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(bytes % 4096, 0u);
  auto restored = MustOpen(copy);
  EXPECT_EQ(restored->identity().cluster_id, log->identity().cluster_id);
  EXPECT_EQ(MustLoad(*restored).rows.size(), 500u);
  EXPECT_EQ(Findings(*restored), "");
}

TEST_F(LogTest, ASnapshotLeavesNoFileBehind) {
  const auto copies = [&] {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      count += entry.path().string().find(".snapshot-") != std::string::npos;
    }
    return count;
  };
  bool fail = false;
  auto log = MustOpen(path_, {.fault = [&](sql::FaultPoint point) {
                        return fail && point == sql::FaultPoint::kInSnapshot
                                   ? sql::MakeError(ErrorKind::kFull, "no room")
                                   : absl::OkStatus();
                      }});
  Writer writer(MustLoad(*log).head);
  for (int i = 0; i < 6000; ++i) writer.Put("k" + std::to_string(i), std::string(1024, 'x'));
  writer.MustAppend(*log);
  EXPECT_EQ(log->Snapshot([](const SnapshotPiece&) { return false; }).code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(copies(), 0);
  fail = true;
  EXPECT_EQ(sql::KindOf(log->Snapshot([](const SnapshotPiece&) { return true; })),
            ErrorKind::kFull);
  EXPECT_EQ(copies(), 0);
  // One that a killed process left is gone after the next opening.
  log.reset();
  std::ofstream(path_ + ".snapshot-1-0") << "half a copy";
  MustOpen(path_);
  EXPECT_EQ(copies(), 0);
}

TEST_F(LogTest, VacuumGivesFreedPagesBackInSteps) {
  auto log = MustOpen(path_);
  Writer writer(MustLoad(*log).head);
  for (int i = 0; i < 3000; ++i) writer.Put("k", std::string(1024, 'x'));
  writer.MustAppend(*log);
  writer.batch().compact_revision = writer.batch().gc_floor = writer.head().revision;
  writer.MustAppend(*log);
  std::vector<mvcc::Revision> dead;
  for (int64_t revision = 2; revision < writer.head().revision; ++revision) {
    dead.push_back({revision, 0});
    if (dead.size() == 1000) {
      ASSERT_TRUE(log->DeleteRows(dead).ok());
      dead.clear();
    }
  }
  ASSERT_TRUE(log->DeleteRows(dead).ok());
  const sql::DatabaseSize before = *log->Size();
  EXPECT_LT(before.in_use, before.total / 4);
  const int64_t free = *log->Vacuum(0);
  EXPECT_EQ(*log->Vacuum(100), free - 100);
  while (*log->Vacuum(200) > 0) {
  }
  const sql::DatabaseSize after = *log->Size();
  EXPECT_EQ(after.total, after.in_use);
  ASSERT_TRUE(log->Checkpoint().ok());
  EXPECT_EQ(std::filesystem::file_size(path_), static_cast<uintmax_t>(after.total));
  EXPECT_EQ(Findings(*log), "");
}

TEST_F(LogTest, DefragmentShrinksTheFileAndKeepsEveryRow) {
  auto log = MustOpen(path_);
  Writer writer(MustLoad(*log).head);
  for (int i = 0; i < 900; ++i) writer.Put("k" + std::to_string(i % 300), std::string(1024, 'x'));
  writer.MustAppend(*log);
  writer.batch().compact_revision = writer.batch().gc_floor = writer.head().revision;
  writer.MustAppend(*log);
  std::vector<mvcc::Revision> dead;
  for (int64_t revision = 2; revision < 602; ++revision) dead.push_back({revision, 0});
  ASSERT_TRUE(log->DeleteRows(dead).ok());
  const int64_t before = log->Size()->total;
  ASSERT_TRUE(log->Defragment().ok());
  EXPECT_LT(log->Size()->total, before / 2);
  EXPECT_EQ(log->Stats().wal_bytes, 0);
  EXPECT_EQ(MustLoad(*log).rows.size(), 300u);
  EXPECT_EQ(Findings(*log), "");
  writer.Put("after", "x");
  writer.MustAppend(*log);
}

TEST_F(LogTest, TheWriteAheadLogStaysBoundedUnderConstantLoad) {
  auto log = MustOpen(path_ + "?wal_limit=1MiB");
  Writer writer(MustLoad(*log).head);
  uintmax_t largest = 0;
  for (int i = 0; i < 1500; ++i) {
    for (int j = 0; j < 8; ++j) writer.Put("k" + std::to_string(j), std::string(1024, 'x'));
    writer.MustAppend(*log);
    largest = std::max(largest, std::filesystem::file_size(path_ + "-wal"));
  }
  // About 40 MiB went through it.
  EXPECT_LT(largest, uintmax_t{16} << 20);
  EXPECT_GT(log->Stats().checkpoints, 2);
  EXPECT_EQ(Findings(*log), "");
}

TEST_F(LogTest, ReadersRunBesideAppendsAndCheckpoints) {
  auto log = MustOpen(path_ + "?wal_limit=1MiB");
  Writer writer(MustLoad(*log).head);
  std::atomic<int64_t> newest{1};
  std::atomic<bool> stop{false};
  std::atomic<int64_t> wrong{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&, t] {
      for (int64_t i = t; !stop; i += 7) {
        const int64_t newest_now = newest;
        if (newest_now < 2) continue;
        const int64_t revision = 2 + i % (newest_now - 1);
        const std::vector<mvcc::Revision> asked = {{revision, 0}};
        const auto found = log->Fetch(asked);
        if (!found.ok() || !(*found)[0].has_value() ||
            !(*found)[0]->value().starts_with(std::to_string(revision) + " ")) {
          ++wrong;
        }
      }
    });
  }
  for (int i = 0; i < 800; ++i) {
    for (int j = 0; j < 4; ++j) {
      const int64_t revision = writer.head().revision + 1 + j;
      writer.Put("k" + std::to_string(revision % 50),
                 std::to_string(revision) + " " + std::string(1000, 'x'));
    }
    writer.MustAppend(*log);
    newest = writer.head().revision;
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(LogTest, CommitsAreObserved) {
  std::vector<sql::CommitSample> samples;
  auto log =
      MustOpen(path_, {.on_commit = [&](const sql::CommitSample& s) { samples.push_back(s); }});
  Writer writer(MustLoad(*log).head);
  writer.Put("key", "value");
  writer.Put("key", "values");
  writer.MustAppend(*log);
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].rows, 2);
  EXPECT_EQ(samples[0].bytes, 17);
  EXPECT_GT(samples[0].sync.count(), 0);
  EXPECT_GE(samples[0].total, samples[0].sync);
  EXPECT_EQ(log->Stats().rows, 2);
}

TEST_F(LogTest, OnlyFullAndExtraAreDurable) {
  EXPECT_TRUE(MustOpen(path_)->durable());
  EXPECT_TRUE(MustOpen(path_ + "?synchronous=extra")->durable());
  EXPECT_FALSE(MustOpen(path_ + "?synchronous=normal")->durable());
  EXPECT_FALSE(MustOpen(path_ + "?synchronous=off")->durable());
}

}  // namespace
}  // namespace kvshim::log
