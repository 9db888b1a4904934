// Chain: makes appends that follow one another, as the log does, and knows what must be there.
//
//   Chain chain;
//   ASSERT_OK(database->Prepare(chain.genesis()));
//   ASSERT_OK(chain.Append(*database, {Put(2, "key", "value")}));
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sql/database.h"
#include "sql/error.h"

namespace kvshim::sql {

#define ASSERT_OK(expression)                                   \
  do {                                                          \
    const absl::Status kvshim_test_status = (expression);       \
    ASSERT_TRUE(kvshim_test_status.ok()) << kvshim_test_status; \
  } while (false)
#define EXPECT_OK(expression)                                   \
  do {                                                          \
    const absl::Status kvshim_test_status = (expression);       \
    EXPECT_TRUE(kvshim_test_status.ok()) << kvshim_test_status; \
  } while (false)

inline std::string RandomBytes(size_t size) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

// A row that owns its bytes.
struct StoredRow {
  RowId id;
  std::string key;
  bool tombstone = false;
  std::string value;
  int64_t version = 1;
  int64_t lease = 0;

  LogRecord Record() const {
    return {.id = id,
            .key = key,
            .tombstone = tombstone,
            .create_revision = tombstone ? 0 : id.revision,
            .version = tombstone ? 0 : version,
            .lease = lease,
            .value_size = static_cast<int64_t>(value.size()),
            .value = value};
  }
  static StoredRow Of(const LogRecord& record) {
    return {.id = record.id,
            .key = std::string(record.key),
            .tombstone = record.tombstone,
            .value = std::string(record.value),
            .version = record.tombstone ? 1 : record.version,
            .lease = record.lease};
  }
  bool operator==(const StoredRow&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const StoredRow& row) {
  return out << "(" << row.id.revision << ", " << row.id.sub << ") " << row.key.size() << "+"
             << row.value.size() << " bytes";
}

inline StoredRow Put(int64_t revision, std::string key, std::string value) {
  return {.id = {revision, 0}, .key = std::move(key), .value = std::move(value)};
}

class Chain {
 public:
  // Copies go on from the same head: rivals.
  Chain() = default;

  Genesis genesis() const {
    return {.batch = {.seq = 1,
                      .nonce = nonce_,
                      .prev = kNone,
                      .epoch = 1,
                      .first_revision = 2,
                      .last_revision = 1,
                      .min_reader = 1,
                      .min_writer = 1,
                      .hash = kHash},
            .meta = {{"cluster", "one"}}};
  }

  // What goes with the next append beside its rows.
  std::vector<Projection> projections;
  int64_t prune_through = 0;
  int64_t gc_floor = 0;
  int64_t compact_revision = 0;

  absl::Status Append(Database& database, const std::vector<StoredRow>& rows = {}) {
    std::vector<LogRecord> records;
    for (const StoredRow& row : rows) records.push_back(row.Record());
    const std::string nonce = RandomBytes(16);
    const int64_t last = rows.empty() ? revision_ : rows.back().id.revision;
    const AppendRequest request{.batch = {.seq = seq_ + 1,
                                          .nonce = nonce,
                                          .prev = nonce_,
                                          .epoch = 1,
                                          .first_revision = revision_ + 1,
                                          .last_revision = last,
                                          .row_count = static_cast<int64_t>(rows.size()),
                                          .compact_revision = compact_revision,
                                          .gc_floor = gc_floor,
                                          .min_reader = 1,
                                          .min_writer = 1,
                                          .writer = 7,
                                          .ops = "ops\0'\\",
                                          .hash = kHash},
                                .prev_epoch = epoch,
                                .rows = records,
                                .projections = projections,
                                .prune_through = prune_through};
    absl::Status status = database.Append(request);
    attempted_ = nonce;
    if (status.ok()) Advance(nonce, last);
    return status;
  }
  // The last append went in after all.
  void Advance(const std::string& nonce, int64_t revision) {
    ++seq_;
    nonce_ = nonce;
    revision_ = revision;
  }

  int64_t epoch = 1;  // that of the predecessor
  int64_t seq() const { return seq_; }
  int64_t revision() const { return revision_; }
  const std::string& nonce() const { return nonce_; }
  const std::string& attempted() const { return attempted_; }

 private:
  inline static const std::string kNone = std::string(16, '\0');
  inline static const std::string kHash = std::string(32, '\x7f');

  int64_t seq_ = 1;
  std::string nonce_ = RandomBytes(16);
  std::string attempted_;
  int64_t revision_ = 1;
};

// What a database holds, read in pieces.

struct Head {
  int64_t seq = 0;
  std::string nonce;
  int64_t revision = 0;
  bool operator==(const Head&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Head& head) {
  return out << "seq " << head.seq << ", revision " << head.revision;
}

inline Head HeadIn(Database& database) {
  Head head;
  const absl::Status status = database.ReadHead([&](const BatchRecord& batch) {
    head = {batch.seq, std::string(batch.nonce), batch.last_revision};
  });
  EXPECT_TRUE(status.ok()) << status;
  return head;
}

inline Head HeadOf(const Chain& chain) { return {chain.seq(), chain.nonce(), chain.revision()}; }

inline std::vector<StoredRow> RowsIn(Database& database, int64_t from = 0,
                                     int64_t to = int64_t{1} << 40) {
  std::vector<StoredRow> rows;
  const absl::Status status = database.ReadRows(from, to, [&](const LogRecord& record) {
    rows.push_back(StoredRow::Of(record));
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return rows;
}

inline std::vector<int64_t> BatchesIn(Database& database, int64_t from = 0, int64_t limit = 1000) {
  std::vector<int64_t> seqs;
  const absl::Status status = database.ReadBatches(from, limit, [&](const BatchRecord& batch) {
    seqs.push_back(batch.seq);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return seqs;
}

// What Load tells.
class Loaded : public TableVisitor {
 public:
  absl::Status OnHead(const BatchRecord& batch) override {
    head = {batch.seq, std::string(batch.nonce), batch.last_revision};
    if (on_head) on_head();
    return absl::OkStatus();
  }
  absl::Status OnMeta(std::string_view name, std::string_view value) override {
    meta.emplace_back(name, value);
    return absl::OkStatus();
  }
  absl::Status OnLease(const LeaseRecord& lease) override {
    leases.push_back({lease.id, lease.ttl});
    return absl::OkStatus();
  }
  void OnRow(const LogRecord& row) override {
    EXPECT_TRUE(row.value.empty());
    rows.push_back(row.id);
    sizes.push_back(row.value_size);
  }

  std::string Meta(std::string_view name) const {
    for (const auto& [found, value] : meta) {
      if (found == name) return value;
    }
    return "(none)";
  }

  std::function<void()> on_head;  // while the load goes on
  Head head;
  std::vector<std::pair<std::string, std::string>> meta;
  std::vector<std::pair<int64_t, int64_t>> leases;
  std::vector<RowId> rows;
  std::vector<int64_t> sizes;
};

}  // namespace kvshim::sql
