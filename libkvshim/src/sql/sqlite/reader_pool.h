// ReaderPool: the connections that short reads share. Opened as they are first needed.
//
// Thread safety: any thread. Take waits while all are out.
//
//   ASSIGN_OR_RETURN(ReaderPool::Reader reader, pool.Take());
//   Cursor row = reader->Use("SELECT ...");
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "sql/sqlite/connection.h"

namespace kvshim::sql::sqlite {

class ReaderPool {
 public:
  explicit ReaderPool(Options options) : options_(std::move(options)) {}

  // A connection that goes back to the pool at the end of the scope.
  class Reader {
   public:
    Reader(ReaderPool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    ~Reader() {
      if (connection_ != nullptr) pool_->Return(std::move(connection_));
    }
    Reader(Reader&&) noexcept = default;
    Reader& operator=(Reader&&) = delete;
    Connection* operator->() const { return connection_.get(); }
    Connection& operator*() const { return *connection_; }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  absl::StatusOr<Reader> Take();

 private:
  void Return(std::unique_ptr<Connection> connection);

  const Options options_;
  base::Mutex mutex_;
  base::Condition returned_;
  std::vector<std::unique_ptr<Connection>> idle_ GUARDED_BY(mutex_);
  int64_t out_ GUARDED_BY(mutex_) = 0;
};

}  // namespace kvshim::sql::sqlite
