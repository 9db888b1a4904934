#include "sql/mysql/error.h"

#include <string>

#include "base/strings.h"

namespace kvshim::sql::mysql {
namespace {

// 2000 to 2999 are the client library's own: what they have in common is that no answer came.
bool OfClient(unsigned code) { return code >= 2000 && code < 3000; }

std::string_view FixOf(ErrorKind kind, unsigned code) {
  switch (code) {
    case 1040:
    case 1203:
    case 1226:
      return "raise max_connections of the server, or lower those of others";
    case 1045:
    case 1698:
      return "check the user and the password";
    case 1130:
      return "let the user in from this host";
    case 1153:
      return "raise max_allowed_packet of the server";
    case 1665:
      return "set binlog_format of the server to ROW or MIXED";
  }
  switch (kind) {
    case ErrorKind::kFull:
      return "make room on the database's disk";
    case ErrorKind::kReadOnly:
      return "name a primary that takes writes; with several hosts kvshim finds it";
    case ErrorKind::kPermission:
      return "check the rights of the user";
    case ErrorKind::kCorrupt:
      return "stop, and restore a backup";
    default:
      return "";
  }
}

}  // namespace

ErrorKind Classify(unsigned code, Purpose purpose) {
  // What may be missing is the answer to COMMIT.
  const ErrorKind lost = purpose == Purpose::kAppend ? ErrorKind::kAmbiguous : ErrorKind::kIo;
  if (OfClient(code)) return lost;
  switch (code) {
    case 1020:  // the row has changed since it was read
    case 1048:  // prev is NULL: the guard
    case 1062:  // seq is taken: the guard
    case 1213:  // deadlock; with Galera, another node was first
    case 3101:  // MySQL's group replication: another node was first
    // TiDB's, untested for want of a server: the transaction met another and is rolled back.
    case 8002:
    case 8022:
    case 8028:
    case 9007:
      return ErrorKind::kConflict;
    case 1205:  // a lock was not had in time; the transaction goes on until it is rolled back
      return purpose == Purpose::kRead ? ErrorKind::kBusy : ErrorKind::kConflict;
    case 1206:  // no memory for more locks
      return ErrorKind::kBusy;
    case 1317:  // interrupted: by hand, by max_statement_time, by max_execution_time
    case 1969:
    case 3024:
      return purpose == Purpose::kAppend ? ErrorKind::kAmbiguous : ErrorKind::kBusy;
    case 1290:
    case 1792:
    case 1836:
    case 3100:  // group replication: this node may not write now
      return ErrorKind::kReadOnly;
    case 1044:
    case 1045:
    case 1130:
    case 1142:
    case 1143:
    case 1227:
    case 1698:
      return ErrorKind::kPermission;
    case 28:
    case 1021:
    case 1114:
      return ErrorKind::kFull;
    case 1034:
    case 1194:
    case 1195:
    case 1644:  // our own SIGNAL
    case 1712:
    case 1877:
      return ErrorKind::kCorrupt;
    case 1040:  // too many connections: refused before anything began
    case 1203:
    case 1226:
      return ErrorKind::kIo;
    case 1026:  // writing a file failed, the binary log's included
    case 1030:  // the storage engine failed
    case 1047:  // Galera: the node has left the cluster's primary part
    case 1053:  // the server goes down
    case 1079:
    case 1180:  // COMMIT failed
    case 1927:  // the connection was killed: MariaDB, MySQL
    case 3169:
    case 4031:  // the server ended an idle session
    // TiDB's, untested: parts of it do not answer; the result is undetermined.
    case 8501:
    case 9001:
    case 9002:
    case 9003:
    case 9005:
      return lost;
    default:
      return ErrorKind::kOther;
  }
}

bool EndsSession(unsigned code) {
  if (OfClient(code)) return true;
  switch (code) {
    case 1047:
    case 1053:
    case 1079:
    case 1927:
    case 3169:
    case 4031:
    // It may be the primary no more: the next connection looks for one.
    case 1290:
    case 1792:
    case 1836:
    case 3100:
      return true;
    default:
      return false;
  }
}

absl::Status MakeError(ErrorKind kind, std::string_view database, std::string_view what,
                       std::string_view detail, unsigned code) {
  std::string message = base::Concat("database ", database, ": ", what, " failed: ", detail);
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  if (code != 0) message += base::Concat(" (error ", code, ")");
  if (const std::string_view fix = FixOf(kind, code); !fix.empty()) {
    message += base::Concat("; ", fix);
  }
  return sql::MakeError(kind, message);
}

}  // namespace kvshim::sql::mysql
