// ChainWriter: appends the next batch of the chain: gives it a nonce and its place, hashes it, has
// the database put it in.
//
// Thread safety: one thread at a time.
//
//   Head head = tip;            // with what the batch changes: revision, compaction, epoch
//   RETURN_IF_ERROR(writer.Append(database, tip, {.rows = rows, .ops = ops}, head));
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "kvshim/key_value.h"
#include "log/chain.h"
#include "log/format.h"
#include "log/head.h"
#include "log/op.h"
#include "sql/database.h"

namespace kvshim::log {

// What a batch carries, beside what its head says.
struct ChainBatch {
  std::span<const KeyValue> rows;
  std::span<const Op> ops;
  std::vector<sql::Projection> projections;  // beside those that the ops mean
  int64_t format = kFormat;
  int64_t writer = 0;
  int64_t prune_through = 0;
  // Called with the head while the database is at it; not by every database.
  std::function<void(const Head&)> meanwhile;
};

class ChainWriter {
 public:
  // `head`: what the batch makes of `tip`; its seq, nonce and hash are set here. They hold also
  // where the append fails, as what was tried. Errors: of sql::Database::Append.
  absl::Status Append(sql::Database& database, const Head& tip, ChainBatch batch, Head& head);

 private:
  ChainHasher hasher_;
  std::vector<sql::LogRecord> records_;  // kept to reuse its memory
};

}  // namespace kvshim::log
