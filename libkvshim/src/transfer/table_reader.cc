#include "transfer/table_reader.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "sql/error.h"
#include "sql/mysql/options.h"
#include "sql/mysql/session.h"
#include "sql/mysql/statement.h"
#include "sql/postgres/connection.h"
#include "sql/postgres/options.h"
#include "sql/sqlite/connection.h"
#include "sql/sqlite/options.h"

namespace kvshim::transfer {
namespace {

using base::Concat;
namespace sqlite = sql::sqlite;
namespace postgres = sql::postgres;
namespace mysql = sql::mysql;

class SqliteReader final : public TableReader {
 public:
  explicit SqliteReader(std::unique_ptr<sqlite::Connection> connection)
      : name_(Concat("sqlite://", connection->path())), connection_(std::move(connection)) {}

  // kine's parameters are those of its driver: none of them matters to a reader.
  static absl::StatusOr<std::unique_ptr<TableReader>> Open(const sql::Dsn& dsn) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(dsn.address, error)) {
      return absl::NotFoundError(Concat("there is no file ", dsn.address));
    }
    sqlite::Options options;
    options.path = dsn.address;
    ASSIGN_OR_RETURN(auto connection,
                     sqlite::Connection::Open(options, sqlite::Connection::Role::kReader));
    return std::make_unique<SqliteReader>(std::move(connection));
  }

  const std::string& name() const override { return name_; }

  absl::StatusOr<bool> HasTable(const std::string& table) override {
    sqlite::Cursor row =
        connection_->Use("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
    row->BindText(1, table);
    return row->Step();
  }

  absl::Status Select(const std::string& query,
                      const std::function<absl::Status(const Row&)>& visit) override {
    class CursorRow final : public Row {
     public:
      explicit CursorRow(const sqlite::Cursor& cursor) : cursor_(cursor) {}
      int64_t Int(int column) const override { return cursor_->Int(column); }
      std::string_view Bytes(int column) const override { return cursor_->Bytes(column); }

     private:
      const sqlite::Cursor& cursor_;
    };
    const sqlite::Cursor cursor = connection_->Use(query);
    while (true) {
      ASSIGN_OR_RETURN(const bool found, cursor->Step());
      if (!found) return absl::OkStatus();
      RETURN_IF_ERROR(visit(CursorRow(cursor)));
    }
  }

  std::string ByBytes(const std::string& column) const override { return column; }
  std::string OrEmpty(const std::string& column) const override {
    return Concat("coalesce(", column, ", x'')");
  }

 private:
  const std::string name_;
  const std::unique_ptr<sqlite::Connection> connection_;
};

class PostgresReader final : public TableReader {
 public:
  explicit PostgresReader(postgres::Options options) : options_(std::move(options)) {}

  static absl::StatusOr<std::unique_ptr<TableReader>> Open(const sql::Dsn& dsn,
                                                           const sql::NetworkOptions& network) {
    ASSIGN_OR_RETURN(postgres::Options options, postgres::Options::FromDsn(dsn, network));
    auto reader = std::make_unique<PostgresReader>(std::move(options));
    ASSIGN_OR_RETURN(reader->connection_,
                     postgres::Connection::Open(reader->options_, reader->traits_));
    return reader;
  }

  const std::string& name() const override { return options_.name; }

  absl::StatusOr<bool> HasTable(const std::string& table) override {
    ASSIGN_OR_RETURN(const postgres::Result found,
                     connection_->Execute("SELECT (to_regclass($1) IS NOT NULL)::int",
                                          postgres::Parameters().Text(table)));
    return found.Int(0, 0) != 0;
  }

  absl::Status Select(const std::string& query,
                      const std::function<absl::Status(const Row&)>& visit) override {
    class FieldsRow final : public Row {
     public:
      explicit FieldsRow(postgres::Connection::Fields fields) : fields_(fields) {}
      int64_t Int(int column) const override {
        return postgres::ReadNumber(fields_[static_cast<size_t>(column)]);
      }
      std::string_view Bytes(int column) const override {
        return fields_[static_cast<size_t>(column)];
      }

     private:
      const postgres::Connection::Fields fields_;
    };
    absl::Status visited;
    RETURN_IF_ERROR(connection_->Copy(query, [&](postgres::Connection::Fields fields) {
      visited = visit(FieldsRow(fields));
      return visited.ok();
    }));
    return visited;
  }

  std::string ByBytes(const std::string& column) const override { return column; }
  std::string OrEmpty(const std::string& column) const override {
    return Concat("coalesce(", column, ", ''::bytea)");
  }

 private:
  const postgres::Options options_;
  postgres::SessionTraits traits_;
  std::unique_ptr<postgres::Connection> connection_;
};

class MysqlReader final : public TableReader {
 public:
  explicit MysqlReader(mysql::Options options) : options_(std::move(options)) {}

  static absl::StatusOr<std::unique_ptr<TableReader>> Open(const sql::Dsn& dsn,
                                                           const sql::NetworkOptions& network) {
    ASSIGN_OR_RETURN(mysql::Options options, mysql::Options::FromDsn(dsn, network));
    auto reader = std::make_unique<MysqlReader>(std::move(options));
    ASSIGN_OR_RETURN(reader->connection_,
                     mysql::OpenSession(reader->options_, reader->traits_, mysql::Role::kReader));
    RETURN_IF_ERROR(reader->connection_->Execute("SET SESSION net_write_timeout = 3600").status());
    return reader;
  }

  const std::string& name() const override { return options_.name; }

  absl::StatusOr<bool> HasTable(const std::string& table) override {
    ASSIGN_OR_RETURN(const mysql::Result found,
                     connection_->Execute(mysql::Statement()
                                              .Text("SELECT 1 FROM information_schema.TABLES WHERE "
                                                    "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ")
                                              .Bytes(table)));
    return found.rows() > 0;
  }

  absl::Status Select(const std::string& query,
                      const std::function<absl::Status(const Row&)>& visit) override {
    class TextRow final : public Row {
     public:
      explicit TextRow(const mysql::Row& row) : row_(row) {}
      int64_t Int(int column) const override { return row_.Int(static_cast<size_t>(column)); }
      std::string_view Bytes(int column) const override {
        return row_.Bytes(static_cast<size_t>(column));
      }

     private:
      const mysql::Row& row_;
    };
    absl::Status visited;
    RETURN_IF_ERROR(connection_->Stream(query, [&](const mysql::Row& row) {
      visited = visit(TextRow(row));
      return visited.ok();
    }));
    return visited;
  }

  // kine's column ignores case.
  std::string ByBytes(const std::string& column) const override {
    return Concat("CAST(", column, " AS BINARY)");
  }
  std::string OrEmpty(const std::string& column) const override {
    return Concat("coalesce(", column, ", '')");
  }

 private:
  const mysql::Options options_;
  mysql::SessionTraits traits_;
  std::unique_ptr<mysql::Connection> connection_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TableReader>> TableReader::Open(const sql::Dsn& dsn,
                                                               const sql::NetworkOptions& network) {
  if (dsn.scheme == sql::kSqliteScheme) return SqliteReader::Open(dsn);
  if (dsn.scheme == "postgres" || dsn.scheme == "postgresql") {
    return PostgresReader::Open(dsn, network);
  }
  if (dsn.scheme == "mysql") return MysqlReader::Open(dsn, network);
  return absl::InvalidArgumentError(
      Concat("\"", dsn.scheme, "://\" is none of sqlite://, postgres://, mysql:// and http://"));
}

}  // namespace kvshim::transfer
