// Result: the answer to one statement, as text. Row: one row of it.
//
// Thread safety: none. A Row's bytes live as long as its result, and where rows are streamed, until
// the next one.
#pragma once

#include <mysql.h>

#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace kvshim::sql::mysql {

class Row {
 public:
  Row(MYSQL_ROW cells, const unsigned long* lengths) : cells_(cells), lengths_(lengths) {}

  std::string_view Bytes(size_t column) const {
    return cells_[column] == nullptr ? std::string_view()
                                     : std::string_view(cells_[column], lengths_[column]);
  }
  // 0 where there is none.
  int64_t Int(size_t column) const {
    const std::string_view text = Bytes(column);
    int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

 private:
  MYSQL_ROW cells_;
  const unsigned long* lengths_;
};

class Result {
 public:
  // `result` is null for a statement without rows.
  Result(MYSQL_RES* result, int64_t affected)
      : result_(result, mysql_free_result), affected_(affected) {}

  int64_t rows() const {
    return result_ == nullptr ? 0 : static_cast<int64_t>(mysql_num_rows(result_.get()));
  }
  std::optional<Row> Next() {
    if (result_ == nullptr) return std::nullopt;
    const MYSQL_ROW cells = mysql_fetch_row(result_.get());
    if (cells == nullptr) return std::nullopt;
    return Row(cells, mysql_fetch_lengths(result_.get()));
  }
  // Rows that an INSERT, UPDATE or DELETE found.
  int64_t affected() const { return affected_; }

 private:
  std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> result_;
  int64_t affected_;
};

}  // namespace kvshim::sql::mysql
