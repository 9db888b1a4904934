// Log::Resolve: the truth about a commit whose answer was lost.
//
// The batch either stands at seq + 1 with its nonce, or it does not. Where nothing stands there, it
// can still arrive: the server may be at work on a commit whose client has long gone, and looking
// once more proves nothing. What proves it is a batch of our own in that place, a fence: of two
// batches for one seq only one can ever be. Where the fence goes in, the other one is dead; where
// it does not, somebody stands there now, and looking again says who.
//
// Rejected: waiting for "long enough", or asking the server for sessions that are still at work. A
// commit was seen to arrive after a reconnected reader had looked.
#include "base/status.h"
#include "log/chain.h"
#include "log/log.h"
#include "sql/database.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

constexpr int kLooks = 4;

}  // namespace

absl::StatusOr<Resolution> Log::Resolve(const Head& tip, const Head& attempted) {
  for (int look = 0; look < kLooks; ++look) {
    bool empty = true;
    bool stands = false;  // there is a batch at attempted.seq
    bool ours = false;    // and it is ours
    bool predecessor = false;
    RETURN_IF_ERROR(database_->ReadBatches(tip.seq, 2, [&](const sql::BatchRecord& batch) {
      empty = false;
      if (batch.seq == tip.seq) predecessor = batch.nonce == AsView(tip.nonce);
      if (batch.seq == attempted.seq) {
        stands = true;
        ours = batch.nonce == AsView(attempted.nonce);
      }
      return true;
    }));
    if (stands) return ours ? Resolution::kCommitted : Resolution::kDead;
    // The log has lost its end (another history), or goes on beyond what it keeps.
    if (!predecessor) return empty ? Resolution::kDead : Resolution::kUnknown;
    const AppendResult fence = Append(tip, {});
    if (fence.outcome == Outcome::kCommitted) return Resolution::kDead;
    if (fence.outcome != Outcome::kConflict) return fence.status;
  }
  return sql::MakeError(sql::ErrorKind::kBusy, "the end of the log does not come to rest");
}

}  // namespace kvshim::log
