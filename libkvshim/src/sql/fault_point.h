// Fault points: named moments of the write path at which a test may fail, stop or kill the
// process. Always compiled in; an unset hook costs one branch.
//
// A hook that returns an error makes the operation go on as if the database had failed there with
// that error. It is called on the thread that does the work, which may hold the commit lock, and
// must not call back into the database.
#pragma once

#include <functional>

#include "absl/status/status.h"

namespace kvshim::sql {

enum class FaultPoint {
  kBeforeFlush,   // an append, before its transaction begins
  kInFlush,       // all rows of an append are inserted, nothing is committed
  kAfterCommit,   // an append is durable, its caller has not heard; an error makes it ambiguous
  kBeforeDelete,  // gc_floor is raised, the rows below it are not yet deleted
  kInDelete,      // rows are deleted, nothing is committed
  kInCheckpoint,  // before a checkpoint copies pages into the database file
  kInVacuum,      // before free pages are given back
  kInSnapshot,    // a copy of the database is half written
};

using FaultHook = std::function<absl::Status(FaultPoint)>;

inline absl::Status Reach(const FaultHook& hook, FaultPoint point) {
  return hook ? hook(point) : absl::OkStatus();
}

}  // namespace kvshim::sql
