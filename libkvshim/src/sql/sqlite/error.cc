#include "sql/sqlite/error.h"

#include <sqlite3.h>

#include <string>
#include <system_error>

#include "base/strings.h"

namespace kvshim::sql::sqlite {
namespace {

std::string_view FixFor(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kBusy:
      return "another program has locked the file; close it there";
    case ErrorKind::kAmbiguous:
      return "whether the commit is on the device is unknown; restart, and check the device";
    case ErrorKind::kFull:
      return "free space on its device, or compact and defragment";
    case ErrorKind::kReadOnly:
      return "make the file and its directory writable";
    case ErrorKind::kPermission:
      return "give this user the right to read and write the file and its directory";
    case ErrorKind::kForeign:
      return "name another file";
    case ErrorKind::kCorrupt:
      return "stop, run `kvshim check`, and restore a snapshot";
    case ErrorKind::kIo:
      return "check the device";
    default:
      return "";
  }
}

}  // namespace

ErrorKind Classify(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return ErrorKind::kConflict;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return ErrorKind::kBusy;
    case SQLITE_FULL:
      return ErrorKind::kFull;
    case SQLITE_READONLY:
      return ErrorKind::kReadOnly;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return ErrorKind::kPermission;
    case SQLITE_CORRUPT:
      return ErrorKind::kCorrupt;
    case SQLITE_NOTADB:
      return ErrorKind::kForeign;
    case SQLITE_IOERR:
      // The structure says there is more than the file holds: it was cut off.
      return code == SQLITE_IOERR_SHORT_READ ? ErrorKind::kCorrupt : ErrorKind::kIo;
    case SQLITE_INTERRUPT:
      return ErrorKind::kStopped;
    default:
      return ErrorKind::kOther;
  }
}

ErrorKind ClassifyCommit(int code) {
  switch (const ErrorKind kind = Classify(code)) {
    // SQLite writes the frame that makes a commit valid last, so that a write refused for want of
    // room came before it; busy and read-only are found out before the first write.
    case ErrorKind::kFull:
    case ErrorKind::kBusy:
    case ErrorKind::kReadOnly:
    case ErrorKind::kConflict:
      return kind;
    default:
      return ErrorKind::kAmbiguous;
  }
}

absl::Status MakeError(ErrorKind kind, std::string_view path, std::string_view what,
                       std::string_view detail, int code, int system_error) {
  std::string message = base::Concat("database ", path, ": ", what, ": ", detail);
  if (code != 0) message += base::Concat(" (SQLite ", code, ")");
  if (system_error != 0) {
    message += base::Concat(" (", std::generic_category().message(system_error), ")");
  }
  if (const std::string_view fix = FixFor(kind); !fix.empty()) message += base::Concat("; ", fix);
  return sql::MakeError(kind, message);
}

}  // namespace kvshim::sql::sqlite
