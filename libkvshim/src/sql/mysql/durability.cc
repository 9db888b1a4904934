#include "sql/mysql/durability.h"

#include <map>
#include <string>

#include "base/status.h"

namespace kvshim::sql::mysql {
namespace {

// Whether the server says that all of its log is flushed. MariaDB's and MySQL's names for it; false
// where it has neither.
absl::StatusOr<bool> IsFlushed(Connection& connection) {
  ASSIGN_OR_RETURN(
      Result found,
      connection.Execute("SHOW GLOBAL STATUS WHERE Variable_name IN "
                         "('Innodb_lsn_current', 'Innodb_lsn_flushed', "
                         "'Innodb_redo_log_current_lsn', 'Innodb_redo_log_flushed_to_disk_lsn')"));
  std::map<std::string, int64_t, std::less<>> at;
  while (const std::optional<Row> row = found.Next()) {
    at.emplace(row->Bytes(0), row->Int(1));
  }
  for (const auto& [current, flushed] :
       {std::pair("Innodb_lsn_current", "Innodb_lsn_flushed"),
        std::pair("Innodb_redo_log_current_lsn", "Innodb_redo_log_flushed_to_disk_lsn")}) {
    if (at.contains(current) && at.contains(flushed)) {
      return at.find(flushed)->second >= at.find(current)->second;
    }
  }
  return false;
}

}  // namespace

absl::Status MakeReadsDurable(Connection& connection) {
  if (!connection.server().shows_early) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool flushed, IsFlushed(connection));
  if (flushed) return absl::OkStatus();
  // Another value each time: what changes nothing is not written.
  return connection
      .Execute(
          "INSERT INTO kv_meta (name, value) VALUES ('flushed', UUID()) "
          "ON DUPLICATE KEY UPDATE value = UUID()")
      .status();
}

}  // namespace kvshim::sql::mysql
