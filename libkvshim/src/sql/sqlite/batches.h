// The chain of batches in the file: kv_batch and, for the newest, the column `batch` of kv_log.
// batch_tail.h says which stand where.
//
// Thread safety: functions on a connection that the caller owns.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/record.h"
#include "sql/sqlite/connection.h"

namespace kvshim::sql::sqlite {

// A batch as kv_log's `batch` has it: nonce, prev and hash as they are, then as varints seq, epoch,
// first_rev, last_rev, nrows, compact_rev, gc_floor, min_reader, min_writer and writer, then ops.
std::string EncodeBatch(const BatchRecord& batch);
// A record whose views are of `bytes`.
absl::StatusOr<BatchRecord> DecodeBatch(std::string_view path, std::string_view bytes);

// Into kv_batch.
absl::Status InsertBatch(Connection& connection, const BatchRecord& batch);

// The newest batch, and the last revision of those in kv_batch. Both queries see one moment where
// the caller has a transaction open.
using VisitBatch = std::function<absl::Status(const BatchRecord&)>;
absl::StatusOr<int64_t> VisitHead(Connection& connection, const VisitBatch& visit);

// The batches that stand in rows, ascending: all those after the revision that VisitHead gave.
absl::Status VisitBatchesInRows(Connection& connection, int64_t settled_revision,
                                const std::function<bool(const BatchRecord&)>& visit);

// `limit` batches from seq `from` on, wherever they stand, in one snapshot.
absl::Status VisitBatches(Connection& connection, int64_t from, int64_t limit,
                          const std::function<bool(const BatchRecord&)>& visit);

}  // namespace kvshim::sql::sqlite
