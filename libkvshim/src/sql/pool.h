// Pool: a few connections to one database, each used by one thread at a time.
//
// A connection that failed is closed by its user (Lease::Discard); the next one is opened when it
// is asked for. Clear closes all of them: those in use as soon as they are given back.
//
// Thread safety: every method may be called from any thread; a Lease belongs to one.
//
//   Pool<Connection> pool(4, [&] { return Connection::Open(options); });
//   pool.With([](Connection& connection) { return connection.Query(...); });
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "sql/error.h"

namespace kvshim::sql {

template <typename Connection>
class Pool {
 public:
  using Opener = std::function<absl::StatusOr<std::unique_ptr<Connection>>()>;

  // How long Take waits where every connection is in use.
  static constexpr std::chrono::seconds kPatience{5};

  Pool(size_t size, Opener open) : size_(size), open_(std::move(open)) {}

  // A connection for the time it lives.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection, uint64_t generation)
        : pool_(&pool), connection_(std::move(connection)), generation_(generation) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_ != nullptr) pool_->GiveBack(std::move(connection_), generation_);
    }

    Connection* operator->() const { return connection_.get(); }
    Connection& operator*() const { return *connection_; }

    // Closes it instead of giving it back.
    void Discard() {
      connection_.reset();
      pool_->GiveBack(nullptr, generation_);
    }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
    uint64_t generation_;
  };

  absl::StatusOr<Lease> Take() {
    const base::TimePoint deadline = base::Clock::Real().Now() + kPatience;
    uint64_t generation = 0;
    {
      base::MutexLock lock(mutex_);
      while (in_use_ == size_) {
        if (!freed_.WaitUntil(mutex_, deadline)) {
          return MakeError(ErrorKind::kBusy, "every connection to the database is in use");
        }
      }
      ++in_use_;
      generation = generation_;
      if (!idle_.empty()) {
        Lease lease(*this, std::move(idle_.back()), generation);
        idle_.pop_back();
        return lease;
      }
    }
    absl::StatusOr<std::unique_ptr<Connection>> opened = open_();
    if (opened.ok()) return Lease(*this, *std::move(opened), generation);
    GiveBack(nullptr, generation);
    return opened.status();
  }

  // Has `use` work with a connection; one that it broke, or that the server has ended while nobody
  // used it, as a restart of the server does with all, is closed.
  template <typename Use>
  auto With(Use use) -> decltype(use(std::declval<Connection&>())) {
    for (size_t discarded = 0;; ++discarded) {
      absl::StatusOr<Lease> lease = Take();
      if (!lease.ok()) return lease.status();
      if ((*lease)->Stale() && discarded <= size_) {
        lease->Discard();
        continue;
      }
      auto result = use(**lease);
      if ((*lease)->broken()) lease->Discard();
      return result;
    }
  }

  void Clear() {
    std::vector<std::unique_ptr<Connection>> closing;
    base::MutexLock lock(mutex_);
    ++generation_;
    closing.swap(idle_);
  }

 private:
  void GiveBack(std::unique_ptr<Connection> connection, uint64_t generation) {
    base::MutexLock lock(mutex_);
    --in_use_;
    if (connection != nullptr && generation == generation_) {
      idle_.push_back(std::move(connection));
    }
    freed_.NotifyOne();
  }

  const size_t size_;
  const Opener open_;
  base::Mutex mutex_;
  base::Condition freed_;
  std::vector<std::unique_ptr<Connection>> idle_ GUARDED_BY(mutex_);
  size_t in_use_ GUARDED_BY(mutex_) = 0;
  uint64_t generation_ GUARDED_BY(mutex_) = 0;
};

}  // namespace kvshim::sql
