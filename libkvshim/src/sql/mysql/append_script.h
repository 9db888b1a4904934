// AppendScript: the statements of one append, from START TRANSACTION to COMMIT.
//
// The guard: @kvshim_prev is the predecessor's nonce where the head still is what the batch was
// evaluated at, and NULL where it is not. NULL in `prev`, or a `seq` that is taken, is an error in
// every sql_mode, and after an error nothing more is executed.
//
// MariaDB takes all of it as one compound statement, whose handler rolls back. Others take
// statements separated by semicolons and stop at the first error; the caller rolls back. What does
// not fit into one packet goes statement by statement.
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
  enum class Begin {
    kLock,           // begins a transaction and takes the lock
    kInTurn,         // is in one that has it
    kInLimitedTurn,  // the same, where wait_timeout was lowered for it
  };

  // A statement with several rows is ended where it has grown to `limit` bytes.
  AppendScript(const AppendRequest& request, Begin begin, size_t limit);

  // All of them, COMMIT last.
  const std::vector<Statement>& statements() const { return statements_; }
  size_t largest() const;
  size_t total() const;

  std::string Compound() const;
  std::string Joined() const;

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
