#include "sql/postgres/error.h"

#include <string>

#include "base/strings.h"

namespace kvshim::sql::postgres {
namespace {

std::string_view FixOf(ErrorKind kind, std::string_view state) {
  if (state == "28P01" || state == "28000") return "check the user and the password";
  if (state == "42501") return "grant the user CREATE and USAGE on the schema, and its tables";
  if (state == "53300") return "raise max_connections of the server, or lower those of others";
  switch (kind) {
    case ErrorKind::kFull:
      return "make room on the database's disk";
    case ErrorKind::kReadOnly:
      return "name a primary that takes writes; with several hosts kvshim finds it";
    case ErrorKind::kPermission:
      return "check the rights of the user";
    default:
      return "";
  }
}

}  // namespace

ErrorKind Classify(std::string_view state, bool committing) {
  // The head moved, or a rival was first: unique_violation, not_null_violation,
  // serialization_failure, deadlock_detected.
  if (state == "23505" || state == "23502" || state == "40001" || state == "40P01") {
    return ErrorKind::kConflict;
  }
  if (state == "55P03" || state == "57014") return ErrorKind::kBusy;
  if (state == "25006") return ErrorKind::kReadOnly;
  if (state == "53100" || state == "53200") return ErrorKind::kFull;
  if (state == "3D000") return ErrorKind::kNoDatabase;
  if (state == "42501" || state.starts_with("28")) return ErrorKind::kPermission;
  if (state == "XX001" || state == "XX002") return ErrorKind::kCorrupt;
  // The server ends the session or goes down; the connection is of no use any more.
  if (state.empty() || state.starts_with("08") || state.starts_with("57P") || state == "40003" ||
      state.starts_with("25P03")) {
    return committing ? ErrorKind::kAmbiguous : ErrorKind::kIo;
  }
  if (state.starts_with("53") || state.starts_with("58")) {
    return committing ? ErrorKind::kAmbiguous : ErrorKind::kIo;
  }
  return ErrorKind::kOther;
}

absl::Status MakeError(ErrorKind kind, std::string_view database, std::string_view what,
                       std::string_view detail, std::string_view state) {
  while (detail.ends_with('\n')) detail.remove_suffix(1);
  std::string message = base::Concat("database ", database, ": ", what, " failed: ", detail);
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  if (!state.empty()) message += base::Concat(" (", state, ")");
  if (const std::string_view fix = FixOf(kind, state); !fix.empty()) {
    message += base::Concat("; ", fix);
  }
  return sql::MakeError(kind, message);
}

}  // namespace kvshim::sql::postgres
