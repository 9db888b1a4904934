#include "log/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/backend.h"
#include "log/contents.h"
#include "unit/log/rows.h"
#include "unit/temporary_directory.h"

namespace kvshim::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

KeyValue Row(const std::string& key, int64_t create, int64_t mod, int64_t version,
             uint32_t sub = 0) {
  return KeyValue::Make({.key = key,
                         .value = "v",
                         .create_revision = create,
                         .mod_revision = mod,
                         .version = version,
                         .sub = sub});
}

class ImporterTest : public ::testing::Test {
 protected:
  std::unique_ptr<Importer> MustOpenImporter(const std::string& origin = "origin") {
    auto importer = Importer::Open(dsn_, {}, origin);
    EXPECT_TRUE(importer.ok()) << importer.status();
    return importer.ok() ? *std::move(importer) : nullptr;
  }

  testing::TemporaryDirectory directory_;
  const std::string path_ = directory_.File("state.db");
  const sql::Dsn dsn_{.scheme = "sqlite", .address = path_};
};

std::vector<std::string> KeysOf(const Loaded& loaded) {
  std::vector<std::string> keys;
  for (const LoadedRow& row : loaded.rows) keys.push_back(row.key);
  return keys;
}

TEST_F(ImporterTest, RowsBelowTheCompactRevisionMayLieFarApart) {
  {
    auto importer = MustOpenImporter();
    ASSERT_TRUE(importer->Begin(1000, {}).ok());
    for (const KeyValue& row : {Row("a", 3, 17, 4), Row("b", 500, 500, 1, 7), Row("c", 2, 1000, 9),
                                Row("a", 3, 1001, 5), Row("d", 1001, 1001, 1, 1)}) {
      ASSERT_TRUE(importer->Add(row).ok());
    }
    ASSERT_TRUE(importer->Complete(1001).ok());
    ASSERT_TRUE(importer->Publish().ok());
  }
  auto log = MustOpen(path_);
  const Loaded loaded = MustLoad(*log);
  EXPECT_EQ(loaded.head.revision, 1001);
  EXPECT_EQ(loaded.head.compact_revision, 1000);
  EXPECT_THAT(KeysOf(loaded), ElementsAre("a", "b", "c", "a", "d"));
  EXPECT_EQ(Findings(*log), "");
  Writer writer(loaded.head);
  writer.Put("e", "v");
  writer.MustAppend(*log);
  EXPECT_EQ(Findings(*log), "");
}

TEST_F(ImporterTest, ACompactRevisionAboveTheLastRowIsReached) {
  {
    auto importer = MustOpenImporter();
    ASSERT_TRUE(importer->Begin(90, {}).ok());
    ASSERT_TRUE(importer->Add(Row("a", 2, 2, 1)).ok());
    ASSERT_TRUE(importer->Complete(90).ok());
    ASSERT_TRUE(importer->Publish().ok());
  }
  auto log = MustOpen(path_);
  EXPECT_EQ(MustLoad(*log).head.revision, 90);
  EXPECT_EQ(Findings(*log), "");
}

TEST_F(ImporterTest, AHoleAboveTheCompactRevisionIsRefused) {
  auto importer = MustOpenImporter();
  ASSERT_TRUE(importer->Begin(10, {}).ok());
  ASSERT_TRUE(importer->Add(Row("a", 11, 11, 1)).ok());
  EXPECT_THAT(Message(importer->Add(Row("b", 13, 13, 1))),
              HasSubstr("nothing between revision 11"));
  EXPECT_THAT(Message(importer->Complete(12)), HasSubstr("ends at revision 11"));
}

TEST_F(ImporterTest, NobodyOpensAnUnfinishedOne) {
  {
    auto importer = MustOpenImporter();
    ASSERT_TRUE(importer->Begin(0, {}).ok());
    ASSERT_TRUE(importer->Add(Row("a", 2, 2, 1)).ok());
    ASSERT_TRUE(importer->Complete(2).ok());
  }
  EXPECT_THAT(Message(TryOpen(path_).status()),
              HasSubstr("holds an import that did not come to its end"));
  EXPECT_THAT(Message(Importer::Open(dsn_, {}, "another").status()),
              HasSubstr("holds the unfinished import of origin, not of another"));
}

TEST_F(ImporterTest, AnotherOneGoesOn) {
  {
    auto importer = MustOpenImporter();
    const std::vector<LeaseGrant> leases = {{LeaseId{1}, 60}, {LeaseId{2}, 60}};
    ASSERT_TRUE(importer->Begin(5, leases).ok());
    ASSERT_TRUE(importer->Add(Row("a", 2, 2, 1)).ok());
    ASSERT_TRUE(importer->Add(Row("b", 3, 3, 1)).ok());
    ASSERT_TRUE(importer->Add(Row("c", 6, 6, 1)).ok());
    ASSERT_TRUE(importer->Complete(6).ok());
  }
  {
    // Meanwhile b was deleted, c put again, everything compacted, and a lease replaced.
    auto importer = MustOpenImporter();
    EXPECT_TRUE(importer->resumed());
    EXPECT_EQ(importer->revision(), 6);
    const std::vector<LeaseGrant> leases = {{LeaseId{2}, 30}, {LeaseId{3}, 60}};
    ASSERT_TRUE(importer->Begin(8, leases).ok());
    ASSERT_TRUE(importer->Add(Row("c", 6, 8, 2)).ok());
    ASSERT_TRUE(importer->Complete(8).ok());
    ASSERT_TRUE(importer->DeleteStrays([](const KeyValue& row) { return row.key() != "b"; }).ok());
    const auto contents = Contents::Read(importer->database(), Contents::Of::kImport);
    ASSERT_TRUE(contents.ok()) << contents.status();
    EXPECT_EQ(contents->rows(), 2);
    EXPECT_EQ(contents->leases(), leases);
    ASSERT_TRUE(importer->Publish().ok());
  }
  auto log = MustOpen(path_);
  EXPECT_EQ(MustLoad(*log).head.compact_revision, 8);
  EXPECT_EQ(Findings(*log), "");
}

TEST_F(ImporterTest, ADatabaseInUseIsRefused) {
  {
    auto log = MustOpen(path_);
    Writer writer(MustLoad(*log).head);
    writer.Put("a", "1");
    writer.MustAppend(*log);
  }
  EXPECT_THAT(Message(Importer::Open(dsn_, {}, "origin").status()),
              HasSubstr("is not empty: it is at revision 2 with 1 keys"));
}

TEST_F(ImporterTest, ManyRowsOfOneRevisionStayTogether) {
  {
    auto importer = MustOpenImporter();
    ASSERT_TRUE(importer->Begin(0, {}).ok());
    ASSERT_TRUE(importer->Add(Row("first", 2, 2, 1)).ok());
    for (uint32_t sub = 0; sub < 5000; ++sub) {
      ASSERT_TRUE(importer->Add(Row(base::Concat("k", sub), 3, 3, 1, sub)).ok());
    }
    ASSERT_TRUE(importer->Complete(3).ok());
    ASSERT_TRUE(importer->Publish().ok());
  }
  auto log = MustOpen(path_);
  EXPECT_EQ(MustLoad(*log).rows.size(), 5001u);
  EXPECT_EQ(Findings(*log), "");
}

// What a store with these changes shows after compacting at `compact`.
std::vector<std::string> Shown(const std::string& path, int64_t compact, Contents::Rows rows) {
  auto log = MustOpen(path);
  Writer writer(MustLoad(*log).head);
  writer.Put("a", "1");    // 2
  writer.Put("b", "1");    // 3
  writer.Put("a", "2");    // 4
  writer.Delete("b");      // 5
  writer.Put("b", "2");    // 6
  writer.Put("gone", "");  // 7
  writer.Delete("gone");   // 8
  writer.MustAppend(*log);
  writer.batch().compact_revision = compact;
  writer.MustAppend(*log);
  log.reset();
  auto database = OpenBackend({.scheme = "sqlite", .address = path}, {});
  EXPECT_TRUE(database.ok());
  const auto contents = Contents::Read(**database, Contents::Of::kStore, rows);
  EXPECT_TRUE(contents.ok()) << contents.status();
  EXPECT_EQ(contents->keys(), 2);
  std::vector<std::string> shown;
  EXPECT_TRUE(contents
                  ->Visit(**database,
                          [&](const KeyValue& row) {
                            shown.push_back(base::Concat(row.is_tombstone() ? "-" : "", row.key(),
                                                         row.mod_revision()));
                            return absl::OkStatus();
                          })
                  .ok());
  return shown;
}

TEST_F(ImporterTest, ContentsAreWhatReadersCanReach) {
  EXPECT_THAT(Shown(directory_.File("a"), 0, Contents::Rows::kReachable),
              ElementsAre("a2", "b3", "a4", "-b5", "b6", "gone7", "-gone8"));
  EXPECT_THAT(Shown(directory_.File("b"), 3, Contents::Rows::kReachable),
              ElementsAre("a2", "b3", "a4", "-b5", "b6", "gone7", "-gone8"));
  EXPECT_THAT(Shown(directory_.File("c"), 5, Contents::Rows::kReachable),
              ElementsAre("a4", "b6", "gone7", "-gone8"));
  EXPECT_THAT(Shown(directory_.File("d"), 8, Contents::Rows::kReachable), ElementsAre("a4", "b6"));
  EXPECT_THAT(Shown(directory_.File("e"), 0, Contents::Rows::kLiving), ElementsAre("a4", "b6"));
}

}  // namespace
}  // namespace kvshim::log
