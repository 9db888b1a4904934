// Doubt: whether this server's history is the only one. It hears what the other servers claim, and
// where that contradicts what is in memory, and goes on to do so after the database has been read
// again, linearizable service has to rest: somebody is on a primary that was replaced, on a node
// that split off, or on a database that has lost commits.
//
//   a claim                     what becomes of it
//   of a replaced database      where it contradicts, the log tells of the loss, and no more: it is
//                               the other server that must leave its database, and that hears of
//                               this one's (sql/lineage.h)
//   of a lower epoch            nothing: this history stands above it; the other one hears of it
//   of a batch in memory        the other one agrees
//   of a batch beyond memory    the database is read; where the batch is there, it agrees
//   of another batch in place   service rests at once, and the database is read on new connections
//
// What is believed. A claim counts only where this server has asked for it, at the address of a
// server that it saw living on its own database: a hint that merely comes in causes no more than
// that others are asked. Servers claim batches that are in their memory, which have been committed.
// A claim loses its weight as soon as that server agrees.
//
// Rejected: believing hints (whoever reaches the port could stop the cluster; a copy of the
// database, started elsewhere, would stop the original), and votes (the side of a replaced primary
// may be the larger one).
//
// Thread safety: every method may be called from any thread; Judge from the one that applies
// batches.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "log/log.h"
#include "sql/shared_database.h"
#include "store/claim.h"
#include "store/replica.h"

namespace kvshim::store {

class Doubt {
 public:
  // By the address of who claims.
  using Claims = std::map<std::string, Claim>;

  // A claim that the database contradicts.
  struct Contradiction {
    std::string address;
    Claim claim;
    base::TimePoint heard;
  };

  explicit Doubt(Replica& replica) : replica_(replica) {}

  // Whose lineages are compared; before anything is heard. Null: none are.
  void SetDatabase(sql::SharedDatabase* database) { database_ = database; }

  // The server at `address` answered so. True where the database has to be read to judge it.
  bool Hear(const std::string& address, const Claim& claim) EXCLUDES(mutex_);

  // Whether this claim, of whomever, would contradict memory: reason to ask the other servers.
  bool Contradicts(const Claim& claim) const;

  // Whether linearizable service rests.
  bool raised() const { return raised_.load(std::memory_order_acquire); }

  // What is to be judged. To be taken before the database is read, and given to Judge after: only
  // what was claimed before the reading can contradict it.
  Claims Taken() const EXCLUDES(mutex_);

  // Memory is as far as the database was after `claims` were taken. The contradiction that weighs
  // most, where there is one; service rests from then on, until there is none. An error where the
  // database cannot tell.
  absl::StatusOr<std::optional<Contradiction>> Judge(const Claims& claims, log::Log& log)
      EXCLUDES(mutex_);

  // Another history has begun, above all that was claimed.
  void Clear() EXCLUDES(mutex_);

 private:
  struct Heard {
    Claim claim;
    base::TimePoint at;
    bool contradicts = false;
  };

  bool IsReplaced(const Claim& claim) const;
  // Of a claim that contradicts: whether the other server's history is the one that ends. Logs so.
  bool IsLost(const Claim& claim);
  void Raise() REQUIRES(mutex_);

  Replica& replica_;
  sql::SharedDatabase* database_ = nullptr;
  base::LogLimiter loss_told_{std::chrono::seconds(10)};
  std::atomic<bool> raised_{false};
  std::atomic<bool> any_{false};
  mutable base::Mutex mutex_;
  std::map<std::string, Heard> heard_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::store
