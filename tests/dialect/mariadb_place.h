// MariaDB: a database of the shared server.
#pragma once

#include <mysql.h>

#include "dialect/place.h"
#include "sql/mysql/database.h"

namespace kvshim::sql {

class MariaDbPlace : public Place {
 public:
  ~MariaDbPlace() override { QueryIn("", "DROP DATABASE IF EXISTS " + name_); }

  const std::string& name() const { return name_; }
  std::string dsn() const override { return Entry("MARIADB_DSN") + name_; }
  absl::StatusOr<std::unique_ptr<Database>> Open(const Dsn& dsn,
                                                 DatabaseOptions options) const override {
    return mysql::Open(dsn, std::move(options));
  }

  std::vector<std::string> Query(const std::string& sql) override { return QueryIn(name_, sql); }
  void Create() override { QueryIn("", "CREATE DATABASE " + name_); }
  void CutConnections() override {
    for (const std::string& id :
         Query("SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND "
               "ID <> CONNECTION_ID()")) {
      Query("KILL " + id);
    }
  }

  // `column` of the answer's rows.
  static std::vector<std::string> QueryIn(const std::string& database, const std::string& sql,
                                          unsigned column = 0) {
    MYSQL* handle = mysql_init(nullptr);
    const unsigned protocol = MYSQL_PROTOCOL_SOCKET;
    mysql_options(handle, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_real_connect(handle, nullptr, "root", nullptr,
                       database.empty() ? nullptr : database.c_str(), 0,
                       Entry("MARIADB_SOCKET").c_str(), 0);
    constexpr unsigned kNoSuchThread = 1094;  // of a KILL: it has ended by itself meanwhile
    EXPECT_TRUE(mysql_real_query(handle, sql.data(), sql.size()) == 0 ||
                mysql_errno(handle) == kNoSuchThread)
        << mysql_error(handle);
    std::vector<std::string> answers;
    if (MYSQL_RES* rows = mysql_store_result(handle)) {
      while (MYSQL_ROW cells = mysql_fetch_row(rows)) {
        answers.emplace_back(cells[column] != nullptr ? cells[column] : "");
      }
      mysql_free_result(rows);
    }
    mysql_close(handle);
    return answers;
  }

 private:
  const std::string name_ = FreshName();
};

// The same, appended to as a Galera cluster is.
class AsGaleraPlace final : public MariaDbPlace {
 public:
  std::string dsn() const override { return MariaDbPlace::dsn() + "?compound=true"; }
};

}  // namespace kvshim::sql
