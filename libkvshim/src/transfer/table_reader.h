// TableReader: SELECTs from the database of another program, in any of our dialects. Each query is
// one statement, so that its rows are those of one moment.
//
// Thread safety: one thread at a time. A row is valid during the call it is passed to.
//
//   ASSIGN_OR_RETURN(auto reader, TableReader::Open(dsn, network));
//   ASSIGN_OR_RETURN(bool found, reader->HasTable("kine"));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/database.h"
#include "sql/dsn.h"

namespace kvshim::transfer {

class TableReader {
 public:
  class Row {
   public:
    virtual int64_t Int(int column) const = 0;
    virtual std::string_view Bytes(int column) const = 0;

   protected:
    ~Row() = default;
  };

  // The database must be there; nothing is made.
  static absl::StatusOr<std::unique_ptr<TableReader>> Open(const sql::Dsn& dsn,
                                                           const sql::NetworkOptions& network);
  virtual ~TableReader() = default;

  // Without a password.
  virtual const std::string& name() const = 0;

  virtual absl::StatusOr<bool> HasTable(const std::string& table) = 0;

  // No column may be NULL.
  virtual absl::Status Select(const std::string& query,
                              const std::function<absl::Status(const Row&)>& visit) = 0;

  // How the dialect writes that two keys are the same if all their bytes are: the expression to
  // group by; and bytes of none.
  virtual std::string ByBytes(const std::string& column) const = 0;
  virtual std::string OrEmpty(const std::string& column) const = 0;
};

}  // namespace kvshim::transfer
