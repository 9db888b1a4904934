#include "store/index_check.h"

#include <sqlite3.h>

#include <vector>

#include "engine_fixture.h"
#include "log/log.h"

namespace kvshim::store {
namespace {

class IndexCheckTest : public EngineTest {
 protected:
  // Changes the file behind the engine's back.
  void Damage(const std::string& statement) {
    engine_.reset();
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(database, statement.c_str(), nullptr, nullptr, &error), SQLITE_OK)
        << error;
    sqlite3_close(database);
  }

  std::vector<log::Finding> Check() {
    engine_.reset();
    std::vector<log::Finding> findings;
    auto log = log::Log::Open(*sql::Dsn::Parse("sqlite://" + path()), {});
    EXPECT_TRUE(log.ok()) << log.status();
    const auto tell = [&](const log::Finding& finding) { findings.push_back(finding); };
    EXPECT_TRUE((*log)->Check(tell).ok());
    EXPECT_TRUE(CheckIndex(**log, tell).ok());
    return findings;
  }
};

TEST_F(IndexCheckTest, FindsNothingInWhatTheEngineWrote) {
  Open();
  const LeaseId lease = engine_->LeaseGrant(LeaseGrantRequest{.ttl = 60})->id;
  for (int i = 0; i < 50; ++i) Put("k" + std::to_string(i % 7), "v", i % 2 == 0 ? lease : kNoLease);
  ASSERT_TRUE(engine_->DeleteRange({.key = "k3"}).ok());
  ASSERT_TRUE(engine_->Compact({.revision = 30, .physical = true}).ok());
  EXPECT_TRUE(Check().empty());
}

TEST_F(IndexCheckTest, FindsAChangedRow) {
  Open();
  for (int i = 0; i < 10; ++i) Put("k", "v");
  Damage("UPDATE kv_log SET version = 77 WHERE rev = 6");
  const std::vector<log::Finding> findings = Check();
  ASSERT_FALSE(findings.empty());
}

TEST_F(IndexCheckTest, FindsAMissingRow) {
  Open();
  for (int i = 0; i < 10; ++i) Put("k", "v");
  Damage("DELETE FROM kv_log WHERE rev = 6");
  EXPECT_FALSE(Check().empty());
}

TEST_F(IndexCheckTest, FindsAChangedValue) {
  Open();
  for (int i = 0; i < 10; ++i) Put("k", "v");
  Damage("UPDATE kv_log SET value = x'77' WHERE rev = 6");
  EXPECT_FALSE(Check().empty());
}

}  // namespace
}  // namespace kvshim::store
