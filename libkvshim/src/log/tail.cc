// Log::Tail: reading on from a head.
//
// The batches from the known head on are read first, that head included: that it is still there,
// with its nonce, is the proof that what follows continues the history that is in memory. Then the
// rows of those batches. Between the two reads others may append more (not looked at), and
// compaction may delete rows (found missing, and then excused by the newest gc_floor).
#include <algorithm>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "log/chain.h"
#include "log/format.h"
#include "log/kept_batch.h"
#include "log/log.h"
#include "log/record.h"
#include "sql/database.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

using base::Concat;

constexpr int64_t kBatchesAtOnce = 256;
constexpr int64_t kRowsAtOnce = 10000;

absl::Status Damaged(const std::string& database, int64_t seq, std::string_view what) {
  return sql::MakeError(sql::ErrorKind::kCorrupt,
                        Concat("database ", database, " is damaged: kv_batch ", seq, ": ", what,
                               "; stop all servers, run `kvshim check`, and restore a copy"));
}

// How a batch fails to follow on the one before; empty where it does.
std::string Misplaced(const Head& before, const sql::BatchRecord& batch) {
  if (batch.seq != before.seq + 1) return Concat("follows ", before.seq);
  if (batch.prev != AsView(before.nonce)) return "prev is not its predecessor's nonce";
  if (batch.first_revision != before.revision + 1) {
    return Concat("begins at revision ", batch.first_revision, ", its predecessor ends at ",
                  before.revision);
  }
  return "";
}

// Puts the rows to their batches, and verifies both.
class BatchAssembler {
 public:
  BatchAssembler(const Head& tip, const std::vector<KeptBatch>& batches,
                 const std::string& database, ChainHasher& hasher,
                 const std::function<void(CommittedBatch)>& visit)
      : before_(tip), batches_(batches), database_(database), hasher_(hasher), visit_(visit) {}

  // False where a row is missing before this one.
  absl::StatusOr<bool> Add(const sql::LogRecord& row) {
    RETURN_IF_ERROR(CheckRecord(row, database_));
    // Batches without rows, and the one that the last row completed.
    while (rows_.size() == static_cast<size_t>(Batch().row_count)) {
      RETURN_IF_ERROR(Finish());
      if (next_ == batches_.size()) return Damaged(database_, before_.seq, "has too many rows");
    }
    const bool next_sub = !rows_.empty() && row.id.revision == rows_.back().mod_revision() &&
                          row.id.sub == rows_.back().sub() + 1;
    const int64_t last = rows_.empty() ? before_.revision : rows_.back().mod_revision();
    if (!next_sub && (row.id.revision != last + 1 || row.id.sub != 0)) return false;
    if (rows_.empty()) hasher_.Begin(before_.hash, Batch());
    hasher_.Add(row);
    rows_.push_back(KeyValueOf(row));
    return true;
  }

  // After the last row. False where rows are missing.
  absl::StatusOr<bool> End() {
    while (next_ < batches_.size()) {
      if (rows_.size() != static_cast<size_t>(Batch().row_count)) return false;
      RETURN_IF_ERROR(Finish());
    }
    return true;
  }

  const Head& head() const { return before_; }

 private:
  sql::BatchRecord Batch() const { return batches_[next_].record(); }

  absl::Status Finish() {
    const sql::BatchRecord batch = Batch();
    if (rows_.empty()) hasher_.Begin(before_.hash, batch);
    const Hash hash = hasher_.Finish();
    if (AsView(hash) != batch.hash) {
      return Damaged(database_, batch.seq, "the hash does not fit its contents");
    }
    CommittedBatch committed;
    ASSIGN_OR_RETURN(committed.head, HeadOf(batch));
    ASSIGN_OR_RETURN(committed.ops, DecodeOps(batch.ops));
    committed.rows = std::exchange(rows_, {});
    before_ = committed.head;
    ++next_;
    visit_(std::move(committed));
    return absl::OkStatus();
  }

  Head before_;
  const std::vector<KeptBatch>& batches_;
  const std::string& database_;
  ChainHasher& hasher_;
  const std::function<void(CommittedBatch)>& visit_;
  size_t next_ = 0;
  std::vector<KeyValue> rows_;
};

}  // namespace

absl::StatusOr<TailEnd> Log::Tail(const Head& tip,
                                  const std::function<void(CommittedBatch)>& visit) {
  std::vector<KeptBatch> batches;
  bool first = true;
  TailEnd end = TailEnd::kForked;  // where not even the head is there
  Head before = tip;
  int64_t rows = 0;
  absl::Status wrong;
  RETURN_IF_ERROR(
      database_->ReadBatches(tip.seq, kBatchesAtOnce + 1, [&](const sql::BatchRecord& batch) {
        if (std::exchange(first, false)) {
          if (batch.seq == tip.seq) {
            const bool same = batch.nonce == AsView(tip.nonce);
            end = same ? TailEnd::kNewest : TailEnd::kForked;
            return same;
          }
          end = TailEnd::kGone;
          return false;
        }
        if (wrong = CheckReadable(batch, name()); !wrong.ok()) return false;
        if (batch.epoch != tip.epoch) {
          end = batches.empty() ? TailEnd::kGone : TailEnd::kMore;
          return false;
        }
        if (const std::string what = Misplaced(before, batch); !what.empty()) {
          wrong = Damaged(name(), batch.seq, what);
          return false;
        }
        rows += batch.row_count;
        if (batches.size() == kBatchesAtOnce || (rows > kRowsAtOnce && !batches.empty())) {
          end = TailEnd::kMore;
          return false;
        }
        const absl::StatusOr<Head> head = HeadOf(batch);
        if (!head.ok()) {
          wrong = head.status();
          return false;
        }
        before = *head;
        batches.emplace_back(batch);
        return true;
      }));
  RETURN_IF_ERROR(wrong);
  if (batches.empty()) return end;

  BatchAssembler assembler(tip, batches, name(), *tail_hasher_, visit);
  bool whole = true;
  if (before.revision > tip.revision) {
    RETURN_IF_ERROR(
        database_->ReadRows(tip.revision + 1, before.revision, [&](const sql::LogRecord& row) {
          const absl::StatusOr<bool> added = assembler.Add(row);
          wrong = added.status();
          whole = added.ok() && *added;
          return whole;
        }));
    RETURN_IF_ERROR(wrong);
  }
  if (whole) {
    ASSIGN_OR_RETURN(whole, assembler.End());
  }
  if (whole) return end;
  ASSIGN_OR_RETURN(const Head newest, ReadHead());
  if (newest.gc_floor > assembler.head().revision) return TailEnd::kGone;
  return Damaged(name(), assembler.head().seq + 1, "rows are missing");
}

}  // namespace kvshim::log
