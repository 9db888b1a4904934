// Log::Check: the offline verification.
//
// The batches are read first (they are few), then every row once, in order. Each row goes to four
// checks: its own fields, the density of revisions, the version of its key, and the hash of the
// batch it belongs to.
//
// What compaction may have taken away is not missed: rows at or below gc_floor can be gone, so a
// batch that begins there is hashed only where all its rows are left, and the first row of a key
// above the floor may follow on a row below it, or on a tombstone that is gone.
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "log/chain.h"
#include "log/kept_batch.h"
#include "log/log.h"
#include "log/record.h"
#include "sql/database.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

using base::Concat;
using Visit = std::function<void(const Finding&)>;

std::string Place(sql::RowId id) { return Concat("kv_log (", id.revision, ", ", id.sub, ")"); }
std::string Place(int64_t seq) { return Concat("kv_batch ", seq); }

// Versions of keys: each change follows on the one before.
class VersionCheck {
 public:
  explicit VersionCheck(int64_t floor) : floor_(floor) {}

  std::string Add(const sql::LogRecord& row) {
    const bool above = row.id.revision > floor_;
    const auto it = states_.find(std::string(row.key));
    std::string what;
    if (above) what = it == states_.end() ? First(row) : Next(it->second, row);
    if (row.tombstone) {
      if (it != states_.end()) states_.erase(it);
      return what;
    }
    states_[std::string(row.key)] = {row.create_revision, row.version, above};
    return what;
  }

 private:
  struct State {
    int64_t create_revision;
    int64_t version;
    bool above_floor;
  };

  static std::string First(const sql::LogRecord& row) {
    if (row.tombstone) return "a tombstone of a key that does not exist";
    if (row.version == 1) return "";
    return Concat("version ", row.version, " of a key that has no earlier one");
  }

  static std::string Next(const State& state, const sql::LogRecord& row) {
    if (row.tombstone) return "";
    if (row.version == state.version + 1 && row.create_revision == state.create_revision) return "";
    if (!state.above_floor && row.version == 1) return "";
    return Concat("version ", row.version, ", created at ", row.create_revision,
                  ", follows version ", state.version, ", created at ", state.create_revision);
  }

  const int64_t floor_;
  std::unordered_map<std::string, State> states_;
};

// Hashes of the kept batches, fed with every row in order.
class ChainCheck {
 public:
  ChainCheck(const std::vector<KeptBatch>& batches, int64_t floor, const Visit& visit)
      : batches_(batches), floor_(floor), visit_(visit) {
    // The first kept batch has lost its predecessor's hash, unless it is the very first.
    if (!batches_.empty() && batches_[0].record().seq != 1) next_ = 1;
    for (size_t i = 1; i < batches_.size(); ++i)
      CheckLink(batches_[i - 1].record(), batches_[i].record());
    Begin();
  }

  void Add(const sql::LogRecord& row) {
    while (next_ < batches_.size() && row.id.revision > batches_[next_].record().last_revision) {
      Finish();
    }
    if (next_ == batches_.size() || row.id.revision < batches_[next_].record().first_revision) {
      return;
    }
    hasher_.Add(row);
    ++rows_;
  }

  void End() {
    while (next_ < batches_.size()) Finish();
  }

 private:
  void CheckLink(const sql::BatchRecord& before, const sql::BatchRecord& batch) {
    const std::string where = Place(batch.seq);
    if (batch.seq != before.seq + 1) {
      visit_({where, Concat("follows ", before.seq, ": batches are missing")});
    }
    if (batch.prev != before.nonce) visit_({where, "prev is not its predecessor's nonce"});
    if (batch.first_revision != before.last_revision + 1) {
      visit_({where, Concat("begins at revision ", batch.first_revision,
                            ", its predecessor ends at ", before.last_revision)});
    }
    if (batch.epoch < before.epoch || batch.compact_revision < before.compact_revision ||
        batch.gc_floor < before.gc_floor) {
      visit_({where, "its epoch, compact_rev or gc_floor falls behind its predecessor's"});
    }
  }

  void Begin() {
    rows_ = 0;
    if (next_ == batches_.size()) return;
    Hash previous{};
    if (next_ > 0) batches_[next_ - 1].record().hash.copy(previous.data(), previous.size());
    hasher_.Begin(previous, batches_[next_].record());
  }

  void Finish() {
    const sql::BatchRecord batch = batches_[next_].record();
    const Hash hash = hasher_.Finish();
    const std::string where = Place(batch.seq);
    if (rows_ != batch.row_count) {
      if (batch.first_revision > floor_ || rows_ > batch.row_count) {
        visit_({where, Concat("has ", rows_, " rows, nrows says ", batch.row_count)});
      }
    } else if (AsView(hash) != batch.hash) {
      visit_({where, Concat("the hash does not fit its rows, revisions ", batch.first_revision,
                            " to ", batch.last_revision)});
    }
    if (const auto ops = DecodeOps(batch.ops); !ops.ok()) {
      visit_({where, std::string(base::FromAbsl(ops.status().message()))});
    }
    ++next_;
    Begin();
  }

  const std::vector<KeptBatch>& batches_;
  const int64_t floor_;
  const Visit& visit_;
  size_t next_ = 0;
  int64_t rows_ = 0;
  ChainHasher hasher_;
};

// Damage that stops a query is a finding; other errors are not.
absl::Status Report(const absl::Status& status, std::string where, const Visit& visit) {
  if (sql::KindOf(status) != sql::ErrorKind::kCorrupt) return status;
  visit({std::move(where), std::string(base::FromAbsl(status.message()))});
  return absl::OkStatus();
}

}  // namespace

absl::Status Log::Check(const Visit& visit) {
  RETURN_IF_ERROR(database_->CheckStructure(
      [&](std::string_view complaint) { visit({"database", std::string(complaint)}); }));

  std::vector<KeptBatch> batches;
  RETURN_IF_ERROR(Report(database_->ReadBatches(0, INT64_MAX,
                                                [&](const sql::BatchRecord& batch) {
                                                  batches.emplace_back(batch);
                                                  return true;
                                                }),
                         "kv_batch", visit));
  if (batches.empty()) {
    visit({"kv_batch", "there is no batch"});
    return absl::OkStatus();
  }

  const sql::BatchRecord newest = batches.back().record();
  DenseRevisions dense(newest.gc_floor);
  VersionCheck versions(newest.gc_floor);
  ChainCheck chain(batches, newest.gc_floor, visit);
  const absl::Status scanned = database_->ReadRows(0, INT64_MAX, [&](const sql::LogRecord& row) {
    for (const std::string& what : {Contradiction(row), versions.Add(row)}) {
      if (!what.empty()) visit({Place(row.id), what});
    }
    if (const std::string hole = dense.Add(row.id); !hole.empty()) visit({"kv_log", hole});
    chain.Add(row);
    return true;
  });
  chain.End();
  if (scanned.ok()) {
    if (const std::string end = dense.End(newest.last_revision); !end.empty()) {
      visit({"kv_log", end});
    }
  }
  return Report(scanned, "kv_log", visit);
}

}  // namespace kvshim::log
