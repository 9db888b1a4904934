// What the tests of the log share: opening it, rows to append, what Load told.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "log/log.h"

namespace kvshim::log {

inline absl::StatusOr<std::unique_ptr<Log>> TryOpen(const std::string& name, Options options = {}) {
  const absl::StatusOr<sql::Dsn> dsn = sql::Dsn::Parse(name);
  if (!dsn.ok()) return dsn.status();
  return Log::Open(*dsn, std::move(options));
}

inline std::unique_ptr<Log> MustOpen(const std::string& name, Options options = {}) {
  absl::StatusOr<std::unique_ptr<Log>> log = TryOpen(name, std::move(options));
  if (!log.ok()) {
    ADD_FAILURE() << log.status();
    std::abort();
  }
  return *std::move(log);
}

inline std::string Message(const absl::Status& status) {
  return std::string(base::FromAbsl(status.message()));
}

// Makes consistent changes to keys, one a revision.
class Writer {
 public:
  explicit Writer(const Head& head) : head_(head) {}

  void Put(const std::string& key, const std::string& value, LeaseId lease = kNoLease) {
    State& state = states_[key];
    const int64_t revision = NextRevision();
    if (state.version == 0) state.create = revision;
    ++state.version;
    batch_.rows.push_back(KeyValue::Make({.key = key,
                                          .value = value,
                                          .create_revision = state.create,
                                          .mod_revision = revision,
                                          .version = state.version,
                                          .lease = lease}));
  }
  void Delete(const std::string& key) {
    states_.erase(key);
    batch_.rows.push_back(KeyValue::Tombstone(key, NextRevision(), 0));
  }

  Batch& batch() { return batch_; }

  AppendResult Append(Log& log) {
    AppendResult result = log.Append(head_, batch_);
    if (result.outcome == Outcome::kCommitted) head_ = result.head;
    batch_ = {};
    return result;
  }
  void MustAppend(Log& log) {
    const AppendResult result = Append(log);
    ASSERT_EQ(result.outcome, Outcome::kCommitted) << result.status;
  }

  const Head& head() const { return head_; }
  void set_head(const Head& head) { head_ = head; }

 private:
  struct State {
    int64_t create = 0;
    int64_t version = 0;
  };
  int64_t NextRevision() const {
    return (batch_.rows.empty() ? head_.revision : batch_.rows.back().mod_revision()) + 1;
  }

  Head head_;
  Batch batch_;
  std::map<std::string, State> states_;
};

struct LoadedRow {
  mvcc::Revision revision;
  std::string key;
  bool tombstone;
  int64_t create_revision;
  int64_t version;
  LeaseId lease;
  int64_t value_size;
};

class Loaded : public LoadVisitor {
 public:
  void OnHead(const Head& h, const Identity& i) override {
    head = h;
    identity = i;
  }
  void OnLease(const LeaseState& lease) override { leases.push_back(lease); }
  void OnAlarm(const SetAlarm& alarm) override { alarms.push_back(alarm); }
  void OnRow(const RowView& row) override {
    rows.push_back({row.revision, std::string(row.key), row.tombstone, row.create_revision,
                    row.version, row.lease, row.value_size});
  }

  Head head;
  Identity identity;
  std::vector<LeaseState> leases;
  std::vector<SetAlarm> alarms;
  std::vector<LoadedRow> rows;
};

inline Loaded MustLoad(Log& log) {
  Loaded loaded;
  const absl::Status status = log.Load(loaded);
  EXPECT_TRUE(status.ok()) << status;
  return loaded;
}

// Everything Check has to say, a line a finding.
inline std::string Findings(Log& log) {
  std::string text;
  const absl::Status status = log.Check([&](const Finding& finding) {
    text += base::Concat(finding.where, ": ", finding.what, "\n");
  });
  EXPECT_TRUE(status.ok()) << status;
  return text;
}

}  // namespace kvshim::log
