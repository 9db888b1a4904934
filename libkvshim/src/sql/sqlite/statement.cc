#include "sql/sqlite/statement.h"

#include <sqlite3.h>

#include "sql/sqlite/connection.h"

namespace kvshim::sql::sqlite {

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::Bind(int index, int64_t number) {
  if (const int code = sqlite3_bind_int64(statement_, index, number)) bind_code_ = code;
}

void Statement::Bind(int index, std::string_view bytes) {
  // A null pointer would bind NULL.
  const char* data = bytes.empty() ? "" : bytes.data();
  const int code = sqlite3_bind_blob64(statement_, index, data, bytes.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) bind_code_ = code;
}

void Statement::BindText(int index, std::string_view text) {
  const char* data = text.empty() ? "" : text.data();
  const int code =
      sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_code_ = code;
}

void Statement::BindNull(int index) {
  if (const int code = sqlite3_bind_null(statement_, index)) bind_code_ = code;
}

int Statement::RawStep() {
  if (statement_ == nullptr) return prepare_code_;
  if (bind_code_ != SQLITE_OK) return bind_code_;
  return sqlite3_step(statement_);
}

absl::StatusOr<bool> Statement::Step() {
  const int code = RawStep();
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_.Error(
      code, sqlite3_sql(statement_) != nullptr ? sqlite3_sql(statement_) : "preparing a statement");
}

absl::Status Statement::Run() {
  for (;;) {
    absl::StatusOr<bool> row = Step();
    if (!row.ok() || !*row) {
      Reset();
      return row.status();
    }
  }
}

void Statement::Reset() {
  sqlite3_reset(statement_);
  bind_code_ = SQLITE_OK;
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Statement::Bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(data), static_cast<size_t>(size));
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

}  // namespace kvshim::sql::sqlite
