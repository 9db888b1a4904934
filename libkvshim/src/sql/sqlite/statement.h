// Statement: a prepared statement of one connection.
//
// Thread safety: that of its connection: one thread at a time. Bound bytes are not copied: they
// must stay until the next Reset. Columns are valid until the next Step or Reset.
//
//   Cursor row = connection.Use("SELECT value FROM kv_meta WHERE name = ?1");
//   row->Bind(1, name);
//   ASSIGN_OR_RETURN(bool found, row->Step());
//   if (found) value = row->Bytes(0);
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3_stmt;

namespace kvshim::sql::sqlite {

class Connection;

class Statement {
 public:
  Statement(Connection& connection, sqlite3_stmt* statement, int prepare_code)
      : connection_(connection), statement_(statement), prepare_code_(prepare_code) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Parameters count from 1. A failed binding is reported by Step.
  void Bind(int index, int64_t number);
  void Bind(int index, std::string_view bytes);  // as a blob, the empty one too
  void BindText(int index, std::string_view text);
  void BindNull(int index);

  // True: there is a row. False: done.
  absl::StatusOr<bool> Step();
  // As Step, SQLite's own result: SQLITE_ROW, SQLITE_DONE, or an extended error code.
  int RawStep();
  // Steps to the end and resets.
  absl::Status Run();
  void Reset();

  // Columns count from 0.
  int64_t Int(int column) const;
  std::string_view Bytes(int column) const;
  bool IsNull(int column) const;

 private:
  Connection& connection_;
  sqlite3_stmt* const statement_;  // null where it could not be prepared
  const int prepare_code_;
  int bind_code_ = 0;
};

// One use of a cached statement: resets it at the end of the scope.
class Cursor {
 public:
  explicit Cursor(Statement& statement) : statement_(&statement) {}
  ~Cursor() {
    if (statement_ != nullptr) statement_->Reset();
  }
  Cursor(Cursor&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Cursor& operator=(Cursor&&) = delete;
  Statement* operator->() const { return statement_; }

 private:
  Statement* statement_;
};

}  // namespace kvshim::sql::sqlite
