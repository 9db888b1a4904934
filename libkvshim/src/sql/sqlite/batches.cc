#include "sql/sqlite/batches.h"

#include <array>

#include "base/status.h"
#include "base/varint.h"
#include "sql/sqlite/error.h"
#include "sql/sqlite/schema.h"

namespace kvshim::sql::sqlite {
namespace {

constexpr size_t kNonceSize = 16;
constexpr size_t kHashSize = 32;

// In the order in which a record has them.
constexpr std::array kNumbers = {
    &BatchRecord::seq,           &BatchRecord::epoch,      &BatchRecord::first_revision,
    &BatchRecord::last_revision, &BatchRecord::row_count,  &BatchRecord::compact_revision,
    &BatchRecord::gc_floor,      &BatchRecord::min_reader, &BatchRecord::min_writer,
    &BatchRecord::writer};

#define KVSHIM_BATCH_COLUMNS                                                                 \
  "seq, nonce, prev, epoch, first_rev, last_rev, nrows, compact_rev, gc_floor, min_reader, " \
  "min_writer, writer, ops, hash"

BatchRecord ReadBatch(const Cursor& row) {
  return {.seq = row->Int(0),
          .nonce = row->Bytes(1),
          .prev = row->Bytes(2),
          .epoch = row->Int(3),
          .first_revision = row->Int(4),
          .last_revision = row->Int(5),
          .row_count = row->Int(6),
          .compact_revision = row->Int(7),
          .gc_floor = row->Int(8),
          .min_reader = row->Int(9),
          .min_writer = row->Int(10),
          .writer = row->Int(11),
          .ops = row->Bytes(12),
          .hash = row->Bytes(13)};
}

// Above every row of kv_log up to `revision`.
int64_t After(int64_t revision) { return PackId({revision, kMaxSubs - 1}); }

}  // namespace

std::string EncodeBatch(const BatchRecord& batch) {
  std::array<char, kNumbers.size() * base::kMaxVarintSize> numbers;
  char* end = numbers.data();
  for (const auto number : kNumbers) {
    end = base::PutVarint(end, static_cast<uint64_t>(batch.*number));
  }
  std::string bytes;
  bytes.reserve(2 * kNonceSize + kHashSize + numbers.size() + batch.ops.size());
  bytes.append(batch.nonce).append(batch.prev).append(batch.hash);
  bytes.append(numbers.data(), end).append(batch.ops);
  return bytes;
}

absl::StatusOr<BatchRecord> DecodeBatch(std::string_view path, std::string_view bytes) {
  const auto damaged = [&] {
    return MakeError(ErrorKind::kCorrupt, path, "reading the newest batches",
                     "a batch has the wrong size", 0, 0);
  };
  constexpr size_t kFixedSize = 2 * kNonceSize + kHashSize;
  if (bytes.size() < kFixedSize) return damaged();
  BatchRecord batch{.nonce = bytes.substr(0, kNonceSize),
                    .prev = bytes.substr(kNonceSize, kNonceSize),
                    .hash = bytes.substr(2 * kNonceSize, kHashSize)};
  const char* at = bytes.data() + kFixedSize;
  const char* const end = bytes.data() + bytes.size();
  for (const auto number : kNumbers) {
    uint64_t value = 0;
    at = base::ReadVarint(at, end, value);
    if (at == nullptr) return damaged();
    batch.*number = static_cast<int64_t>(value);
  }
  batch.ops = {at, static_cast<size_t>(end - at)};
  return batch;
}

absl::Status InsertBatch(Connection& connection, const BatchRecord& batch) {
  Cursor insert =
      connection.Use("INSERT INTO kv_batch (" KVSHIM_BATCH_COLUMNS
                     ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
  insert->Bind(1, batch.seq);
  insert->Bind(2, batch.nonce);
  insert->Bind(3, batch.prev);
  insert->Bind(4, batch.epoch);
  insert->Bind(5, batch.first_revision);
  insert->Bind(6, batch.last_revision);
  insert->Bind(7, batch.row_count);
  insert->Bind(8, batch.compact_revision);
  insert->Bind(9, batch.gc_floor);
  insert->Bind(10, batch.min_reader);
  insert->Bind(11, batch.min_writer);
  insert->Bind(12, batch.writer);
  insert->Bind(13, batch.ops);
  insert->Bind(14, batch.hash);
  return insert->Run();
}

absl::StatusOr<int64_t> VisitHead(Connection& connection, const VisitBatch& visit) {
  Cursor settled =
      connection.Use("SELECT " KVSHIM_BATCH_COLUMNS " FROM kv_batch ORDER BY seq DESC LIMIT 1");
  ASSIGN_OR_RETURN(const bool any, settled->Step());
  if (!any) {
    return MakeError(ErrorKind::kCorrupt, connection.path(), "reading the newest batch",
                     "kv_batch is empty", 0, 0);
  }
  const BatchRecord newest = ReadBatch(settled);
  Cursor last = connection.Use("SELECT batch FROM kv_log WHERE id > ?1 ORDER BY id DESC LIMIT 1");
  last->Bind(1, After(newest.last_revision));
  ASSIGN_OR_RETURN(const bool in_row, last->Step());
  if (!in_row) {
    RETURN_IF_ERROR(visit(newest));
  } else {
    ASSIGN_OR_RETURN(const BatchRecord batch, DecodeBatch(connection.path(), last->Bytes(0)));
    RETURN_IF_ERROR(visit(batch));
  }
  return newest.last_revision;
}

absl::Status VisitBatchesInRows(Connection& connection, int64_t settled_revision,
                                const std::function<bool(const BatchRecord&)>& visit) {
  Cursor row =
      connection.Use("SELECT batch FROM kv_log WHERE id > ?1 AND batch IS NOT NULL ORDER BY id");
  row->Bind(1, After(settled_revision));
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, row->Step());
    if (!found) return absl::OkStatus();
    ASSIGN_OR_RETURN(const BatchRecord batch, DecodeBatch(connection.path(), row->Bytes(0)));
    if (!visit(batch)) return absl::OkStatus();
  }
}

absl::Status VisitBatches(Connection& connection, int64_t from, int64_t limit,
                          const std::function<bool(const BatchRecord&)>& visit) {
  ASSIGN_OR_RETURN(Transaction transaction,
                   Transaction::Begin(connection, Transaction::Mode::kRead));
  ASSIGN_OR_RETURN(const int64_t settled_revision,
                   VisitHead(connection, [](const BatchRecord&) { return absl::OkStatus(); }));
  int64_t left = limit;
  Cursor row = connection.Use("SELECT " KVSHIM_BATCH_COLUMNS
                              " FROM kv_batch WHERE seq >= ?1 ORDER BY seq LIMIT ?2");
  row->Bind(1, from);
  row->Bind(2, limit);
  for (;; --left) {
    ASSIGN_OR_RETURN(const bool found, row->Step());
    if (!found) break;
    if (!visit(ReadBatch(row))) return absl::OkStatus();
  }
  if (left <= 0) return absl::OkStatus();
  return VisitBatchesInRows(connection, settled_revision, [&](const BatchRecord& batch) {
    return batch.seq < from || (visit(batch) && --left > 0);
  });
}

}  // namespace kvshim::sql::sqlite
