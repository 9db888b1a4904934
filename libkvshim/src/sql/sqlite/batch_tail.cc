#include "sql/sqlite/batch_tail.h"

#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "sql/sqlite/batches.h"
#include "sql/sqlite/error.h"

namespace kvshim::sql::sqlite {
namespace {

// Settling them takes one commit a fraction of a millisecond more.
constexpr size_t kMostInRows = 63;

BatchRecord Decode(const std::string& record) {
  return DecodeBatch("", record).value();  // of our own making
}

}  // namespace

absl::Status BatchTail::Read(Connection& connection) {
  ASSIGN_OR_RETURN(settled_revision_, VisitHead(connection, [&](const BatchRecord& head) {
                     newest_ = EncodeBatch(head);
                     return absl::OkStatus();
                   }));
  // kv_batch may be damaged.
  ASSIGN_OR_RETURN(head_, DecodeBatch(connection.path(), newest_));
  in_rows_.clear();
  return VisitBatchesInRows(connection, settled_revision_, [&](const BatchRecord& batch) {
    in_rows_.push_back(EncodeBatch(batch));
    return true;
  });
}

absl::Status BatchTail::CheckFollows(const AppendRequest& request, const std::string& path) const {
  if (request.batch.seq == head_.seq + 1 && request.batch.prev == head_.nonce &&
      request.prev_epoch == head_.epoch) {
    return absl::OkStatus();
  }
  return MakeError(
      ErrorKind::kConflict, path, "appending",
      base::Concat("batch ", request.batch.seq, " does not follow the newest, ", head_.seq), 0, 0);
}

absl::Status BatchTail::Settle(Connection& connection) const {
  for (const std::string& record : in_rows_) {
    RETURN_IF_ERROR(InsertBatch(connection, Decode(record)));
  }
  return absl::OkStatus();
}

void BatchTail::Settled() {
  in_rows_.clear();
  settled_revision_ = head_.last_revision;
}

absl::StatusOr<BatchTail::Place> BatchTail::Add(Connection& connection,
                                                const AppendRequest& request) const {
  // Pruning must not empty kv_batch.
  const bool in_rows =
      !request.rows.empty() && in_rows_.size() < kMostInRows && request.prune_through <= 0;
  Place place{.record = EncodeBatch(request.batch), .in_rows = in_rows};
  if (in_rows) return place;
  RETURN_IF_ERROR(Settle(connection));
  RETURN_IF_ERROR(InsertBatch(connection, request.batch));
  return place;
}

void BatchTail::Added(Place place) {
  if (place.in_rows) in_rows_.push_back(place.record);
  newest_ = std::move(place.record);
  head_ = Decode(newest_);
  if (!place.in_rows) Settled();
}

}  // namespace kvshim::sql::sqlite
