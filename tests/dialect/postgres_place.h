// PostgreSQL: a database of the shared server.
#pragma once

#include <libpq-fe.h>

#include "dialect/place.h"
#include "sql/postgres/database.h"

namespace kvshim::sql {

class PostgresPlace final : public Place {
 public:
  ~PostgresPlace() override {
    QueryIn("postgres", "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  }

  std::string dsn() const override { return Entry("POSTGRES_DSN") + name_; }
  absl::StatusOr<std::unique_ptr<Database>> Open(const Dsn& dsn,
                                                 DatabaseOptions options) const override {
    return postgres::Open(dsn, std::move(options));
  }

  std::vector<std::string> Query(const std::string& sql) override { return QueryIn(name_, sql); }
  void Create() override { QueryIn("postgres", "CREATE DATABASE " + name_ + " OWNER kvshim"); }
  void CutConnections() override {
    Query(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  }

 private:
  static std::vector<std::string> QueryIn(const std::string& database, const std::string& sql) {
    const std::string socket = Entry("POSTGRES_SOCKET");  // DIRECTORY/.s.PGSQL.PORT
    const std::string directory = socket.substr(0, socket.rfind('/'));
    const std::string port = socket.substr(socket.rfind('.') + 1);
    PGconn* handle = PQsetdbLogin(directory.c_str(), port.c_str(), "-c client_min_messages=warning",
                                  nullptr, database.c_str(), "postgres", nullptr);
    PGresult* result = PQexec(handle, sql.c_str());
    const ExecStatusType status = PQresultStatus(result);
    EXPECT_TRUE(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) << PQerrorMessage(handle);
    std::vector<std::string> answers;
    for (int row = 0; row < PQntuples(result); ++row) {
      answers.emplace_back(PQgetvalue(result, row, 0));
    }
    PQclear(result);
    PQfinish(handle);
    return answers;
  }

  const std::string name_ = FreshName();
};

}  // namespace kvshim::sql
