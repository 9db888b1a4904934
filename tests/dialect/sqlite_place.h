// SQLite: a file in a directory of the test's own.
#pragma once

#include <sqlite3.h>

#include "dialect/place.h"
#include "sql/sqlite/database.h"
#include "unit/temporary_directory.h"

namespace kvshim::sql {

class SqlitePlace final : public Place {
 public:
  std::string dsn() const override { return "sqlite://" + path_; }
  absl::StatusOr<std::unique_ptr<Database>> Open(const Dsn& dsn,
                                                 DatabaseOptions options) const override {
    return sqlite::Open(dsn, std::move(options));
  }

  std::vector<std::string> Query(const std::string& sql) override {
    std::vector<std::string> answers;
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open(path_.c_str(), &handle), SQLITE_OK);
    sqlite3_busy_timeout(handle, 5000);
    char* error = nullptr;
    const auto take = [](void* out, int, char** cells, char**) {
      static_cast<std::vector<std::string>*>(out)->emplace_back(cells[0] ? cells[0] : "");
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), take, &answers, &error), SQLITE_OK) << error;
    sqlite3_free(error);
    sqlite3_close(handle);
    return answers;
  }
  void Create() override {}
  std::string Renew() const override { return "PRAGMA user_version = 9999"; }

 private:
  testing::TemporaryDirectory directory_;
  std::string path_ = directory_.File("state.db");
};

}  // namespace kvshim::sql
