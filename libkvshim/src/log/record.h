// Rows of kv_log as versions of keys, and the rule that their revisions leave no hole.
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "kvshim/key_value.h"
#include "sql/record.h"

namespace kvshim::log {

// The record's views point into `row`.
sql::LogRecord RecordOf(const KeyValue& row);

KeyValue KeyValueOf(const sql::LogRecord& record);

// What a single row can get wrong; empty where nothing.
std::string Contradiction(const sql::LogRecord& record);

// kCorrupt where there is a contradiction.
absl::Status CheckRecord(const sql::LogRecord& record, const std::string& database);

// Follows rows in their order. Above the floor of deletion every revision has its rows, and each
// one's subs count from 0 without a gap; below it rows may be gone.
class DenseRevisions {
 public:
  explicit DenseRevisions(int64_t floor) : last_{floor > 1 ? floor : 1, 0}, floor_(floor) {}

  // Empty, or what is missing before this row. Goes on after it.
  std::string Add(sql::RowId id);

  // Empty, or how the last row and the newest revision differ.
  std::string End(int64_t newest) const;

 private:
  sql::RowId last_;           // the last row above the floor, or the floor itself
  bool in_revision_ = false;  // last_ is a row
  const int64_t floor_;
};

}  // namespace kvshim::log
