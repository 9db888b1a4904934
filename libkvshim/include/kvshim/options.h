// StoreOptions: how a Store is opened. Every field has a default that suits a first run.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace kvshim {

// Logs `status` and ends the process at once with exit status 1.
void EndProcess(const absl::Status& status);

enum class CompactionMode {
  kOff,       // only clients compact
  kPeriodic,  // keep the revisions of the last `auto_compaction_retention`
  kRevision,  // keep the last `auto_compaction_revisions` revisions
};

// What to do where a shared database turns out to have lost commits that were acknowledged: a
// failover to a replica that lagged behind, an old backup put in place.
enum class LostHistory {
  kHalt,  // serve nothing of it: the store ends, and does not open, until an operator has decided
  kBump,  // begin another history far above every revision seen; all watches end as compacted
};

struct StoreOptions {
  // Bytes of values kept in memory; values beyond it are read from the database when asked for.
  // Not given: 128 a key, about what the index needs for it, at least 8 MiB and at most 256 MiB.
  std::optional<size_t> memory_budget;

  // Bytes the database may hold before puts are refused with the NOSPACE alarm; 0: no limit. Below
  // 0: 2 GiB for an embedded file, none for a database server, whose room is its operator's.
  int64_t quota_bytes = -1;

  // One transaction's most operations (each list of it), and one request's most bytes.
  size_t max_txn_ops = 128;
  size_t max_request_bytes = size_t{3} << 19;  // 1.5 MiB

  // One group commit's most rows and bytes.
  size_t max_batch_rows = 2000;
  size_t max_batch_bytes = size_t{4} << 20;

  // Writes that wait for the committer before further ones are refused as too many requests.
  size_t max_queued_writes = 20000;

  // How long a write may wait for its commit before it is answered with a time-out.
  std::chrono::milliseconds request_timeout{7000};

  CompactionMode compaction_mode = CompactionMode::kOff;
  std::chrono::seconds auto_compaction_retention{0};
  int64_t auto_compaction_revisions = 0;

  // Rows one step of reclaiming deletes, and the pause between two steps: one where nobody writes,
  // or so many do that it would fall behind, else up to five.
  size_t compaction_batch_rows = 500;
  std::chrono::milliseconds compaction_pause{10};

  // How often a watch that asked for it hears of progress while it is idle.
  std::chrono::milliseconds watch_progress_interval{600000};

  // Bytes that may wait for one slow watch stream before it is caught up from history instead.
  size_t watch_stream_buffer = size_t{4} << 20;

  // Threads that read values back from the database, defragment and hash.
  size_t sql_threads = 2;

  // TLS towards a database that is reached over a network, PEM files: the authority that signed its
  // certificate, and a certificate with its key where it asks its clients for one.
  std::string database_ca_file;
  std::string database_cert_file;
  std::string database_key_file;
  bool database_skip_verify = false;  // encrypt, but take any certificate

  // Connections for reading from such a database, beside the one that writes and one that listens.
  size_t database_connections = 8;

  // How long one statement, or a connection to such a database, may take before it counts as lost.
  std::chrono::milliseconds database_timeout{5000};

  // A folder of this server's own, in which it keeps how far a shared database's history went;
  // empty: none, and a restart does not notice that history was lost.
  std::string state_directory;
  LostHistory on_lost_history = LostHistory::kHalt;

  // Called, on a thread of the store, where the store cannot go on: it is not known whether a
  // commit is in the database. Opening the store again finds out. It must not return before the
  // store is sure not to be used any more; the default ends the process, whose restart opens it.
  std::function<void(const absl::Status&)> on_fatal = EndProcess;

  // A name for this server, shown by MemberList; empty: the host's name.
  std::string name;
};

}  // namespace kvshim
