// Durability of what was read. InnoDB shows a commit to other sessions before its redo log is
// flushed, where there is no binary log: a server that dies in between takes back what others have
// seen.
//
//   A: COMMIT ── visible ───────── flushed ── answered
//   B:               reads ×
//   server:                   dies, restarts without A's commit
//
// So what a session has read counts once the log is flushed that far. Mostly it is, then a look at
// the server's own counters is all. Where it is not, which may be for the sake of other pages than
// the commit's, a small commit of our own has it flushed: the log is written in order.
//
// PostgreSQL flushes first. So do MySQL and MariaDB with a binary log, from which the recovery
// completes what the engine has prepared.
//
// Thread safety: as Connection.
#pragma once

#include "absl/status/status.h"
#include "sql/mysql/connection.h"

namespace kvshim::sql::mysql {

// Returns when all that this session has read is durable; an error where the session ended before.
// It must be the session that read: another one may be with a server that has restarted since.
absl::Status MakeReadsDurable(Connection& connection);

}  // namespace kvshim::sql::mysql
