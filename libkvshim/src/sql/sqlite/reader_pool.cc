#include "sql/sqlite/reader_pool.h"

namespace kvshim::sql::sqlite {

absl::StatusOr<ReaderPool::Reader> ReaderPool::Take() {
  {
    base::MutexLock lock(mutex_);
    while (out_ >= options_.readers) returned_.Wait(mutex_);
    ++out_;
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      return Reader(*this, std::move(connection));
    }
  }
  absl::StatusOr<std::unique_ptr<Connection>> opened =
      Connection::Open(options_, Connection::Role::kReader);
  if (!opened.ok()) {
    base::MutexLock lock(mutex_);
    --out_;
    returned_.NotifyOne();
    return opened.status();
  }
  return Reader(*this, *std::move(opened));
}

void ReaderPool::Return(std::unique_ptr<Connection> connection) {
  base::MutexLock lock(mutex_);
  idle_.push_back(std::move(connection));
  --out_;
  returned_.NotifyOne();
}

}  // namespace kvshim::sql::sqlite
