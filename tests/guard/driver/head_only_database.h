// HeadOnlyDatabase: forgets everything but the newest batch, so that what is counted of a write is
// all but the database. It lets an append return when the gate is open.
//
// Thread safety: as sql::Database.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "guard/driver/gate.h"
#include "sql/database.h"

namespace kvshim::guard {

class HeadOnlyDatabase final : public sql::Database {
 public:
  explicit HeadOnlyDatabase(Gate& gate) : gate_(gate) {}

  const std::string& name() const override { return name_; }
  bool durable() const override { return true; }

  absl::Status Prepare(const sql::Genesis& genesis) override {
    Keep(genesis.batch);
    meta_ = genesis.meta;
    return absl::OkStatus();
  }
  absl::Status Append(const sql::AppendRequest& request) override {
    Keep(request.batch);
    gate_.Pass();
    return absl::OkStatus();
  }
  absl::Status Load(sql::TableVisitor& visitor) override {
    absl::Status status;
    ReadHead([&](const sql::BatchRecord& batch) { status = visitor.OnHead(batch); }).IgnoreError();
    for (const sql::PutMeta& meta : meta_) status.Update(visitor.OnMeta(meta.name, meta.value));
    return status;
  }
  absl::Status ReadHead(const std::function<void(const sql::BatchRecord&)>& visit) override {
    base::MutexLock lock(mutex_);
    sql::BatchRecord batch = head_;
    batch.nonce = nonce_;
    batch.prev = prev_;
    batch.ops = ops_;
    batch.hash = hash_;
    visit(batch);
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<std::string>> ReadMeta(std::string_view name) override {
    for (const sql::PutMeta& meta : meta_) {
      if (meta.name == name) return meta.value;
    }
    return std::nullopt;
  }

  absl::Status Fetch(std::span<const sql::RowId> /*ids*/,
                     const std::function<void(size_t, const sql::LogRecord&)>& /*visit*/) override {
    return Forgotten();
  }
  absl::Status ReadRows(int64_t /*from*/, int64_t /*to*/,
                        const std::function<bool(const sql::LogRecord&)>& /*visit*/) override {
    return Forgotten();
  }
  absl::Status ReadBatches(int64_t /*from*/, int64_t /*limit*/,
                           const std::function<bool(const sql::BatchRecord&)>& /*visit*/) override {
    return Forgotten();
  }
  absl::Status ReadRowsWithoutValues(
      sql::RowId /*after*/, int64_t /*to*/, int64_t /*limit*/,
      const std::function<void(const sql::LogRecord&)>& /*visit*/) override {
    return Forgotten();
  }
  absl::Status DeleteRows(std::span<const sql::RowId> /*ids*/) override { return absl::OkStatus(); }
  absl::Status Snapshot(const std::function<bool(std::string_view, uint64_t)>& /*sink*/) override {
    return Forgotten();
  }
  absl::StatusOr<sql::DatabaseSize> Size() override { return sql::DatabaseSize{}; }
  absl::StatusOr<int64_t> Vacuum(int64_t /*max_pages*/) override { return 0; }
  absl::Status Defragment() override { return absl::OkStatus(); }
  absl::Status Checkpoint() override { return absl::OkStatus(); }
  absl::Status CheckStructure(const std::function<void(std::string_view)>& /*visit*/) override {
    return absl::OkStatus();
  }
  sql::Statistics Stats() const override { return {}; }

 private:
  static absl::Status Forgotten() { return absl::InternalError("this database keeps no rows"); }

  void Keep(const sql::BatchRecord& batch) {
    base::MutexLock lock(mutex_);
    head_ = batch;
    nonce_ = batch.nonce;
    prev_ = batch.prev;
    ops_ = batch.ops;
    hash_ = batch.hash;
  }

  Gate& gate_;
  const std::string name_ = "that keeps nothing";
  std::vector<sql::PutMeta> meta_;
  base::Mutex mutex_;
  sql::BatchRecord head_ GUARDED_BY(mutex_);  // its views are those below
  std::string nonce_ GUARDED_BY(mutex_);
  std::string prev_ GUARDED_BY(mutex_);
  std::string ops_ GUARDED_BY(mutex_);
  std::string hash_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::guard
