#include "log/contents.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "base/status.h"
#include "base/strings.h"
#include "log/chain.h"
#include "log/format.h"
#include "log/record.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

using base::Concat;

constexpr size_t kRowsAtOnce = 500;
constexpr size_t kBytesAtOnce = size_t{4} << 20;

absl::Status Damaged(const std::string& database, std::string_view what) {
  return sql::MakeError(sql::ErrorKind::kCorrupt,
                        Concat("database ", database, " is damaged: kv_log ", what,
                               "; run `kvshim check`, and restore a snapshot"));
}

}  // namespace

class Contents::Reader final : public sql::TableVisitor {
 public:
  Reader(const std::string& name, Of what, Rows rows) : name_(name), what_(what), rows_(rows) {}

  absl::Status OnHead(const sql::BatchRecord& batch) override {
    if (what_ == Of::kStore || batch.min_reader != kUnfinished) {
      RETURN_IF_ERROR(CheckReadable(batch, name_));
    }
    ASSIGN_OR_RETURN(contents_.head_, HeadOf(batch));
    dense_.emplace(contents_.head_.gc_floor);
    return absl::OkStatus();
  }

  absl::Status OnMeta(std::string_view /*name*/, std::string_view /*value*/) override {
    return absl::OkStatus();
  }

  absl::Status OnLease(const sql::LeaseRecord& lease) override {
    contents_.leases_.push_back({LeaseId{lease.id}, lease.ttl});
    return absl::OkStatus();
  }

  void OnRow(const sql::LogRecord& row) override {
    if (hole_.empty()) hole_ = dense_->Add(row.id);
    std::vector<Row>& rows = contents_.rows_;
    const bool compacted =
        rows_ == Rows::kLiving || row.id.revision <= contents_.head_.compact_revision;
    const auto [newest, added] = newest_.try_emplace(std::string(row.key), rows.size());
    if (!added && compacted) rows[newest->second].dead = true;
    newest->second = rows.size();
    if (row.tombstone) newest_.erase(newest);
    if (row.tombstone && compacted) return;
    rows.push_back(
        {row.id, static_cast<uint32_t>(row.key.size()) + static_cast<uint32_t>(row.value_size)});
  }

  absl::StatusOr<Contents> Finish() {
    if (hole_.empty()) hole_ = dense_->End(contents_.head_.revision);
    if (!hole_.empty()) return Damaged(name_, hole_);
    std::erase_if(contents_.rows_, [](const Row& row) { return row.dead; });
    for (const Row& row : contents_.rows_) contents_.bytes_ += row.bytes;
    contents_.keys_ = static_cast<int64_t>(newest_.size());
    return std::move(contents_);
  }

 private:
  const std::string& name_;
  const Of what_;
  const Rows rows_;
  Contents contents_;
  std::optional<DenseRevisions> dense_;
  std::string hole_;
  std::unordered_map<std::string, size_t> newest_;  // living keys: where their row is in rows_
};

absl::StatusOr<Contents> Contents::Read(sql::Database& database, Of what, Rows rows) {
  Reader reader(database.name(), what, rows);
  RETURN_IF_ERROR(database.Load(reader));
  return reader.Finish();
}

absl::Status Contents::Visit(sql::Database& database,
                             const std::function<absl::Status(const KeyValue&)>& visit) const {
  std::vector<sql::RowId> ids;
  std::vector<KeyValue> found;
  for (size_t begin = 0; begin < rows_.size(); begin += ids.size()) {
    ids.clear();
    for (size_t bytes = 0;
         begin + ids.size() < rows_.size() && ids.size() < kRowsAtOnce && bytes < kBytesAtOnce;) {
      const Row& row = rows_[begin + ids.size()];
      bytes += row.bytes;
      ids.push_back(row.id);
    }
    found.assign(ids.size(), KeyValue());
    absl::Status damage;
    RETURN_IF_ERROR(database.Fetch(ids, [&](size_t i, const sql::LogRecord& record) {
      if (damage.ok()) damage = CheckRecord(record, database.name());
      found[i] = KeyValueOf(record);
    }));
    RETURN_IF_ERROR(damage);
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i]) {
        RETURN_IF_ERROR(visit(found[i]));
        continue;
      }
      int64_t floor = 0;
      RETURN_IF_ERROR(
          database.ReadHead([&](const sql::BatchRecord& head) { floor = head.gc_floor; }));
      const std::string place = Concat("(", ids[i].revision, ", ", ids[i].sub, ")");
      if (ids[i].revision > floor) return Damaged(database.name(), Concat("has lost ", place));
      return sql::MakeError(sql::ErrorKind::kConflict, Concat("database ", database.name(),
                                                              " was compacted while it was read: ",
                                                              place, " is gone; run it again"));
    }
  }
  return absl::OkStatus();
}

}  // namespace kvshim::log
