#include "sql/mysql/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace kvshim::sql::mysql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<Options> Read(const std::string& text, const NetworkOptions& network = {}) {
  const absl::StatusOr<Dsn> dsn = Dsn::Parse(text);
  if (!dsn.ok()) return dsn.status();
  return Options::FromDsn(*dsn, network);
}

Options MustRead(const std::string& text, const NetworkOptions& network = {}) {
  absl::StatusOr<Options> options = Read(text, network);
  EXPECT_TRUE(options.ok()) << text << ": " << options.status();
  return options.ok() ? *std::move(options) : Options{.hosts = {{}}};
}

std::string Places(const std::string& text) {
  std::string places;
  for (const Host& host : MustRead(text).hosts) places += host.Name() + " ";
  return places;
}

TEST(MysqlOptions, AreReadAsGoSqlDriverWritesThem) {
  const Options options = MustRead("mysql://kine:secret@tcp(db.example:3307)/state?parseTime=true");
  EXPECT_EQ(options.user, "kine");
  EXPECT_THAT(options.passwords, ElementsAre("secret"));
  EXPECT_EQ(options.database, "state");
  EXPECT_EQ(options.name, "mysql://db.example:3307/state");
  ASSERT_EQ(options.hosts.size(), 1u);
  EXPECT_EQ(options.hosts[0].address, "db.example");
  EXPECT_EQ(options.hosts[0].port, 3307u);
  EXPECT_EQ(options.encryption, Encryption::kNone);
}

TEST(MysqlOptions, WhatIsLeftOutHasADefault) {
  const Options options = MustRead("mysql://@tcp(db)/");
  EXPECT_EQ(options.user, "root");
  EXPECT_THAT(options.passwords, ElementsAre(""));
  EXPECT_EQ(options.database, "kubernetes");
  EXPECT_EQ(options.name, "mysql://db:3306/kubernetes");
  EXPECT_EQ(MustRead("mysql://u@tcp(db)").database, "kubernetes");
  EXPECT_EQ(MustRead("mysql://u@db").database, "kubernetes");
}

TEST(MysqlOptions, PlacesAreReadInEveryForm) {
  EXPECT_EQ(Places("mysql://u:p@db:3307/x"), "db:3307 ");
  EXPECT_EQ(Places("mysql://u:p@db/x"), "db:3306 ");
  EXPECT_EQ(Places("mysql://db/x"), "db:3306 ");
  EXPECT_EQ(Places("mysql://u:p@tcp(a:1,b:2,c)/x"), "a:1 b:2 c:3306 ");
  EXPECT_EQ(Places("mysql://u:p@a:1,b:2/x"), "a:1 b:2 ");
  EXPECT_EQ(Places("mysql://u@tcp([::1]:3307)/x"), "[::1]:3307 ");
  EXPECT_EQ(Places("mysql://u@[fe80::2]/x"), "[fe80::2]:3306 ");
  EXPECT_EQ(Places("mysql://u@unix(/run/my.sock)/x"), "unix(/run/my.sock) ");
  EXPECT_EQ(Places("mysql://u@unix(/run/my.sock)"), "unix(/run/my.sock) ");
  EXPECT_EQ(Places("mysql://@unix(/run/my.sock)"), "unix(/run/my.sock) ");
  EXPECT_EQ(Places("mysql://unix(/run/my.sock)/x"), "unix(/run/my.sock) ");
  EXPECT_EQ(Places("mysql://u@tcp/x"), "127.0.0.1:3306 ");
  EXPECT_EQ(Places("mysql://u@/x"), "127.0.0.1:3306 ");
  EXPECT_EQ(Places("mysql://"), "unix(/var/run/mysqld/mysqld.sock) ");
}

TEST(MysqlOptions, APasswordMayHoldEveryCharacterOfAnAddress) {
  EXPECT_THAT(MustRead("mysql://u:a:b@c/d(e)@tcp(db)/x").passwords, ElementsAre("a:b@c/d(e)"));
  EXPECT_EQ(Places("mysql://u:a:b@c/d(e)@tcp(db)/x"), "db:3306 ");
}

TEST(MysqlOptions, AnEncodedPasswordIsTriedDecodedAndThenAsItStands) {
  EXPECT_THAT(MustRead("mysql://u:p%40ss%3f@tcp(db)/x").passwords,
              ElementsAre("p@ss?", "p%40ss%3f"));
  EXPECT_THAT(MustRead("mysql://u:100%@tcp(db)/x").passwords, ElementsAre("100%"));
  EXPECT_THAT(MustRead("mysql://u:%zz@tcp(db)/x").passwords, ElementsAre("%zz"));
}

TEST(MysqlOptions, APasswordBesideTheNameCounts) {
  setenv("KVSHIM_TEST_PASSWORD", "from%20outside", 1);
  EXPECT_THAT(MustRead("mysql://u:p@tcp(db)/x?password_env=KVSHIM_TEST_PASSWORD").passwords,
              ElementsAre("from%20outside"));
  EXPECT_FALSE(Read("mysql://u@tcp(db)/x?password_file=/nowhere/at/all").ok());
}

TEST(MysqlOptions, WhatCannotBeReadIsRefusedWithoutShowingThePassword) {
  for (const char* text :
       {"mysql://u:hidden@tcp(db:x)/x", "mysql://u:hidden@tcp(db:70000)/x",
        "mysql://u:hidden@tcp(db:0)/x", "mysql://u:hidden@tcp(db/x", "mysql://u:hidden@udp(db)/x",
        "mysql://u:hidden@tcp([::1)/x", "mysql://u:hidden@::1/x", "mysql://u:hidden@tcp(db)x",
        "mysql://u:hidden@tcp(db)/x?allowAllFiles=true",
        "mysql://u:hidden@tcp(db)/x?innodb_lock_wait_timeout=1",
        "mysql://u:hidden@tcp(db)/x?tls=custom"}) {
    const absl::Status status = Read(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.ToString(), Not(HasSubstr("hidden"))) << text;
  }
}

TEST(MysqlOptions, TheNameDoesNotShowThePassword) {
  EXPECT_EQ(MustRead("mysql://u:hidden@tcp(a,b:7)/x?tls=true").name, "mysql://a:3306,b:7/x");
}

TEST(MysqlOptions, EncryptionIsThatOfTheNameOrStricter) {
  EXPECT_EQ(MustRead("mysql://u@tcp(db)/x?tls=true").encryption, Encryption::kVerified);
  EXPECT_EQ(MustRead("mysql://u@tcp(db)/x?tls=skip-verify").encryption, Encryption::kUnverified);
  EXPECT_EQ(MustRead("mysql://u@tcp(db)/x?tls=preferred").encryption, Encryption::kPreferred);
  EXPECT_EQ(MustRead("mysql://u@tcp(db)/x?tls=false").encryption, Encryption::kNone);
  const NetworkOptions authority{.ca_file = "ca.pem"};
  EXPECT_EQ(MustRead("mysql://u@tcp(db)/x", authority).encryption, Encryption::kVerified);
  const NetworkOptions careless{.ca_file = "ca.pem", .skip_verify = true};
  EXPECT_EQ(MustRead("mysql://u@tcp(db)/x", careless).encryption, Encryption::kUnverified);
  const NetworkOptions own{.cert_file = "me.pem", .key_file = "me.key"};
  EXPECT_EQ(MustRead("mysql://u@tcp(db)/x", own).encryption, Encryption::kUnverified);
  EXPECT_EQ(MustRead("mysql://u@tcp(db)/x?tls=true", own).encryption, Encryption::kVerified);
}

}  // namespace
}  // namespace kvshim::sql::mysql
