// AppendScript: the statements of one append, from START TRANSACTION to COMMIT.
//
// The guard: @kvshim_prev is the predecessor's nonce where the head still is what the batch was
// evaluated at, and NULL where it is not. NULL in `prev`, or a `seq` that is taken, is an error in
// every sql_mode.
//
// Statements that are sent together end at the first error, COMMIT included, and the caller rolls
// back. In a Galera cluster that does not hold: a transaction that another node's commit pushes
// aside between two of them is rolled back without an error, and the rest is executed outside of
// it. There all of it is one compound statement, which takes a third longer
// (docs/decisions/mysql_append.md). What does not fit into one packet goes statement by statement.
//
// Thread safety: a value.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sql/database.h"
#include "sql/mysql/statement.h"

namespace kvshim::sql::mysql {

class AppendScript {
 public:
  // `in_turn`: in a transaction that has the lock already. A statement with several rows is ended
  // where it has grown to `limit` bytes.
  AppendScript(const AppendRequest& request, bool in_turn, size_t limit);

  // All of them, COMMIT last.
  const std::vector<Statement>& statements() const { return statements_; }
  size_t largest() const;
  size_t total() const;

  // One text: separated by semicolons; MariaDB's compound statement.
  std::string Joined() const;
  std::string Compound() const;

  // What each statement must have inserted; -1: nothing that is counted.
  const std::vector<int64_t>& counts() const { return counts_; }
  // Whether a duplicate key in this statement is one of kv_log: that is no other server's append.
  bool OfRows(size_t statement) const {
    return statement >= first_rows_ && statement < first_rows_ + rows_statements_;
  }

 private:
  void Add(Statement statement, int64_t count = -1);
  void AddRows(std::span<const LogRecord> rows, size_t limit);

  std::vector<Statement> statements_;
  std::vector<int64_t> counts_;
  size_t first_rows_ = 0;
  size_t rows_statements_ = 0;
};

// For a kv_log that has rows beyond the newest batch.
inline constexpr char kRowsBeyond[] = "kv_log has rows beyond the newest batch";

}  // namespace kvshim::sql::mysql
