// What is MariaDB's own: its settings, its planner, its accounts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/strings.h"
#include "dialect/chain.h"
#include "dialect/mariadb_place.h"
#include "sql/shared_database.h"

namespace kvshim::sql {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class MariaDb : public ::testing::Test {
 protected:
  std::unique_ptr<Database> Prepared(DatabaseOptions options = {}) {
    auto database = place_.MustOpen(std::move(options));
    EXPECT_OK(database->Prepare(chain_.genesis()));
    return database;
  }
  // The name of the database for another account.
  std::string DsnOf(const std::string& account) const {
    std::string dsn = place_.dsn();
    const size_t begin = dsn.find("//") + 2;
    return dsn.replace(begin, dsn.rfind('@') - begin, account);
  }

  MariaDbPlace place_;
  Chain chain_;
};

// A global setting for as long as a test needs it.
class Setting {
 public:
  Setting(const std::string& name, const std::string& value)
      : name_(name), before_(MariaDbPlace::QueryIn("", "SELECT @@GLOBAL." + name).at(0)) {
    MariaDbPlace::QueryIn("", base::Concat("SET GLOBAL ", name, " = '", value, "'"));
  }
  ~Setting() {
    MariaDbPlace::QueryIn("", base::Concat("SET GLOBAL ", name_, " = '", before_, "'"));
  }

 private:
  const std::string name_;
  const std::string before_;
};

// With NULL for a predecessor and a server that would make '' of it.
TEST_F(MariaDb, AnEmptySqlModeLetsNoForkIn) {
  const Setting lax("sql_mode", "");
  const Setting isolation("tx_isolation", "READ-UNCOMMITTED");
  const auto database = Prepared();
  ASSERT_OK(chain_.Append(*database, {Put(2, "a", "1")}));
  Chain fork = chain_;
  fork.Advance(RandomBytes(16), 2);  // its predecessor is nowhere
  EXPECT_EQ(KindOf(fork.Append(*database, {Put(3, "a", "fork")})), ErrorKind::kConflict);
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  EXPECT_THAT(place_.Query("SELECT seq FROM kv_batch WHERE prev = ''"), IsEmpty());
}

TEST_F(MariaDb, RowsBeyondTheNewestBatchAreDamageAndNoConflict) {
  const auto database = Prepared();
  place_.Query("INSERT INTO kv_log VALUES (2, 0, 0, 2, 1, 0, 0, 'a', '')");
  EXPECT_EQ(KindOf(chain_.Append(*database, {Put(2, "a", "1")})), ErrorKind::kCorrupt);
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
}

TEST_F(MariaDb, ATriggerThatRefusesARowHasAllOfItRolledBack) {
  const auto database = Prepared();
  place_.Query(
      "CREATE TRIGGER late AFTER INSERT ON kv_log FOR EACH ROW "
      "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not here'");
  EXPECT_FALSE(chain_.Append(*database, {Put(2, "a", "1")}).ok());
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
  EXPECT_THAT(RowsIn(*database), IsEmpty());
  place_.Query("DROP TRIGGER late");
  EXPECT_OK(chain_.Append(*database, {Put(2, "a", "1")}));
}

TEST_F(MariaDb, AServerThatDiedWhileItMadeTheTablesIsCompleted) {
  Prepared().reset();
  place_.Query("DROP TABLE kv_server");
  place_.Query("DROP TABLE kv_owner");
  place_.Query("DELETE FROM kv_meta");
  place_.Query("DELETE FROM kv_batch");
  place_.Query("DELETE FROM kv_lock");
  const auto database = Prepared();
  EXPECT_OK(chain_.Append(*database, {Put(2, "a", "1")}));
  EXPECT_EQ(database->shared()->Beat({.id = 1})->servers.size(), 1u);
}

TEST_F(MariaDb, TablesWithRowsAndNoVersionAreNotOurs) {
  Prepared().reset();
  place_.Query("DELETE FROM kv_meta");
  EXPECT_EQ(KindOf(place_.MustOpen()->Prepare(chain_.genesis())), ErrorKind::kForeign);
}

TEST_F(MariaDb, ExactRowsAreLookedUpByThePrimaryKey) {
  const auto database = Prepared();
  std::vector<StoredRow> rows;
  for (int64_t revision = 2; revision < 4000; ++revision) rows.push_back(Put(revision, "k", "v"));
  ASSERT_OK(chain_.Append(*database, rows));
  std::string wanted;
  for (int64_t revision = 2; revision < 1002; ++revision) {
    wanted += base::Concat(wanted.empty() ? "" : " OR ", "(rev = ", revision, " AND sub = 0)");
  }
  EXPECT_THAT(
      MariaDbPlace::QueryIn(place_.name(), "EXPLAIN SELECT value FROM kv_log WHERE " + wanted, 3),
      ElementsAre("range"));
  EXPECT_THAT(MariaDbPlace::QueryIn(place_.name(), "EXPLAIN DELETE FROM kv_log WHERE " + wanted, 3),
              ElementsAre("range"));
}

TEST_F(MariaDb, PasswordsMayBeEncodedOrNotOrStandOutside) {
  const std::string user = place_.name().substr(place_.name().size() - 12);
  MariaDbPlace::QueryIn("", base::Concat("CREATE USER u", user, "@'%' IDENTIFIED BY 'a%40@/:b'"));
  MariaDbPlace::QueryIn("", base::Concat("GRANT ALL ON ", place_.name(), ".* TO u", user, "@'%'"));
  EXPECT_OK(place_.MustOpen(DsnOf("u" + user + ":a%40@/:b"))->Prepare(chain_.genesis()));
  EXPECT_OK(place_.MustOpen(DsnOf("u" + user + ":a%2540%40%2F%3ab"))->Prepare(chain_.genesis()));
  setenv("KVSHIM_DIALECT_PASSWORD", "a%40@/:b", 1);
  EXPECT_OK(place_.MustOpen(DsnOf("u" + user) + "?password_env=KVSHIM_DIALECT_PASSWORD")
                ->Prepare(chain_.genesis()));
  const absl::Status denied = place_.MustOpen(DsnOf("u" + user + ":no"))->Prepare(chain_.genesis());
  EXPECT_EQ(KindOf(denied), ErrorKind::kPermission) << denied;
  MariaDbPlace::QueryIn("", base::Concat("DROP USER u", user, "@'%'"));
}

TEST_F(MariaDb, AUserWhoMayMakeNoDatabaseIsToldHowToGetOne) {
  const std::string user = place_.name().substr(place_.name().size() - 12);
  MariaDbPlace::QueryIn("", base::Concat("CREATE USER n", user, "@'%' IDENTIFIED BY 'x'"));
  const absl::Status denied = place_.MustOpen(DsnOf("n" + user + ":x"))->Prepare(chain_.genesis());
  EXPECT_EQ(KindOf(denied), ErrorKind::kPermission) << denied;
  EXPECT_THAT(denied.ToString(), HasSubstr("CREATE DATABASE `" + place_.name() + "`"));
  MariaDbPlace::QueryIn("", base::Concat("DROP USER n", user, "@'%'"));
}

TEST_F(MariaDb, TheSocketServesAsWellAsThePort) {
  const auto database = place_.MustOpen(
      base::Concat("mysql://root@unix(", Entry("MARIADB_SOCKET"), ")/", place_.name()));
  ASSERT_OK(database->Prepare(chain_.genesis()));
  EXPECT_OK(chain_.Append(*database, {Put(2, "a", "1")}));
}

TEST_F(MariaDb, TheFirstHostThatTakesWritesIsUsed) {
  std::string dsn = place_.dsn();
  dsn.replace(dsn.find("tcp("), 4, "tcp(127.0.0.1:1,");
  const auto database = place_.MustOpen(dsn);
  ASSERT_OK(database->Prepare(chain_.genesis()));
  EXPECT_OK(chain_.Append(*database, {Put(2, "a", "1")}));
  EXPECT_EQ(HeadIn(*database), HeadOf(chain_));
}

TEST_F(MariaDb, EncryptionThatIsAskedForAndNotHadIsAnError) {
  for (const char* tls : {"true", "skip-verify"}) {
    const absl::Status status =
        place_.MustOpen(base::Concat(place_.dsn(), "?tls=", tls))->Prepare(chain_.genesis());
    EXPECT_EQ(KindOf(status), ErrorKind::kIo) << status;
  }
  EXPECT_OK(place_.MustOpen(place_.dsn() + "?tls=preferred")->Prepare(chain_.genesis()));
}

TEST_F(MariaDb, TablesAreInnoDbWithBytesOnly) {
  Prepared().reset();
  EXPECT_THAT(place_.Query("SELECT CONCAT(ENGINE, ' ', ROW_FORMAT, ' ', TABLE_COLLATION) FROM "
                           "information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"),
              Each("InnoDB Dynamic binary"));
  EXPECT_THAT(place_.Query("SELECT TABLE_NAME FROM information_schema.TABLES "
                           "WHERE TABLE_SCHEMA = DATABASE()"),
              SizeIs(7));
}

}  // namespace
}  // namespace kvshim::sql
