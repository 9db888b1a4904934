#include "sql/dsn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "sql/sqlite/options.h"

namespace kvshim::sql {
namespace {

using ::testing::HasSubstr;

std::string Message(const absl::Status& status) {
  return std::string(base::FromAbsl(status.message()));
}

absl::StatusOr<sqlite::Options> OptionsOf(std::string_view text) {
  const absl::StatusOr<Dsn> dsn = Dsn::Parse(text);
  if (!dsn.ok()) return dsn.status();
  return sqlite::Options::FromDsn(*dsn);
}

TEST(Dsn, APlainPathMeansSqlite) {
  const Dsn dsn = *Dsn::Parse("./data/state.db");
  EXPECT_EQ(dsn.scheme, "sqlite");
  EXPECT_EQ(dsn.address, "./data/state.db");
}

TEST(Dsn, ThreeSlashesMeanAnAbsolutePath) {
  EXPECT_EQ(Dsn::Parse("sqlite:///var/lib/state.db")->address, "/var/lib/state.db");
  EXPECT_EQ(Dsn::Parse("sqlite://lib/state.db")->address, "lib/state.db");
}

TEST(Dsn, NothingMeansTheDefaultFile) {
  for (const char* text : {"", "sqlite://", "sqlite://?synchronous=extra"}) {
    EXPECT_EQ(Dsn::Parse(text)->address, "./db/state.db") << text;
  }
}

TEST(Dsn, ParametersFollowTheQuestionMark) {
  const Dsn dsn = *Dsn::Parse("postgres://user:secret@host/db?sslmode=require&x=1&x=2");
  EXPECT_EQ(dsn.scheme, "postgres");
  EXPECT_EQ(dsn.address, "user:secret@host/db");
  EXPECT_EQ(*dsn.Find("sslmode"), "require");
  EXPECT_EQ(*dsn.Find("x"), "2");
  EXPECT_EQ(dsn.Find("y"), nullptr);
}

TEST(Dsn, AParameterWithoutAValueIsRefused) {
  EXPECT_THAT(Message(Dsn::Parse("sqlite://a?fast").status()), HasSubstr("\"fast\""));
}

TEST(Dsn, ASchemeInTheParametersIsNotTheScheme) {
  EXPECT_EQ(Dsn::Parse("a.db?note=b://c")->scheme, "sqlite");
}

TEST(Dsn, AZeroByteIsRefused) { EXPECT_FALSE(Dsn::Parse(std::string_view("a\0b", 3)).ok()); }

TEST(SqliteOptions, AnUnknownParameterIsRefusedWithTheKnownOnes) {
  const std::string message = Message(OptionsOf("sqlite://a.db?_journal=WAL").status());
  EXPECT_THAT(message, HasSubstr("\"_journal\""));
  EXPECT_THAT(message, HasSubstr("synchronous, wal_limit"));
}

TEST(SqliteOptions, DefaultsAreDurable) {
  EXPECT_EQ(OptionsOf("sqlite://a.db")->synchronous, sqlite::Synchronous::kFull);
}

TEST(SqliteOptions, NumbersTakeUnits) {
  const sqlite::Options options =
      *OptionsOf("sqlite://a.db?wal_limit=8MiB&busy_timeout=2s&readers=4&synchronous=normal");
  EXPECT_EQ(options.wal_limit, 8 << 20);
  EXPECT_EQ(options.busy_timeout, std::chrono::seconds(2));
  EXPECT_EQ(options.readers, 4);
  EXPECT_EQ(options.synchronous, sqlite::Synchronous::kNormal);
}

TEST(SqliteOptions, ValuesOutOfRangeAreRefusedByName) {
  for (const char* parameter : {"wal_limit=1", "wal_limit=lots", "readers=0", "readers=-1",
                                "busy_timeout=9999999999999999999", "cache_size=1XiB",
                                "synchronous=maybe", "wal_limit=9223372036854775807GiB"}) {
    const absl::Status status = OptionsOf(std::string("sqlite://a.db?") + parameter).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << parameter;
    EXPECT_THAT(Message(status), HasSubstr(parameter));
  }
}

TEST(SqliteOptions, ADatabaseInMemoryIsRefused) {
  EXPECT_THAT(Message(OptionsOf(":memory:").status()), HasSubstr("tmpfs"));
}

}  // namespace
}  // namespace kvshim::sql
