// Result: the answer to one statement, in binary.
//
// Thread safety: none. Views into it live as long as it does.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string_view>

namespace kvshim::sql::postgres {

// A whole number of 2, 4 or 8 bytes, most significant first, signed.
inline int64_t ReadNumber(std::string_view bytes) {
  uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  switch (bytes.size()) {
    case 2:
      return static_cast<int16_t>(number);
    case 4:
      return static_cast<int32_t>(number);
    default:
      return static_cast<int64_t>(number);
  }
}

class Result {
 public:
  explicit Result(PGresult* result) : result_(result, PQclear) {}

  int rows() const { return PQntuples(result_.get()); }
  std::string_view Bytes(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<size_t>(PQgetlength(result_.get(), row, column))};
  }
  int64_t Int(int row, int column) const { return ReadNumber(Bytes(row, column)); }
  // Rows that an INSERT, UPDATE or DELETE concerned.
  int64_t affected() const;
  std::string_view command() const { return PQcmdStatus(result_.get()); }

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

}  // namespace kvshim::sql::postgres
