// CommitLock: the one lock that commits, deletions and the last step of a checkpoint take turns on.
//
// First come, first served: the committer takes it again at once after each commit, and with a
// plain mutex nobody else would ever get it.
//
// Thread safety: it is a lock.
#pragma once

#include <cstdint>

#include "base/mutex.h"

namespace kvshim::sql::sqlite {

class CAPABILITY("mutex") CommitLock {
 public:
  void Lock() ACQUIRE() {
    base::MutexLock lock(mutex_);
    const uint64_t ticket = next_++;
    while (serving_ != ticket) turn_.Wait(mutex_);
  }
  void Unlock() RELEASE() {
    base::MutexLock lock(mutex_);
    ++serving_;
    turn_.NotifyAll();
  }

 private:
  base::Mutex mutex_;
  base::Condition turn_;
  uint64_t next_ GUARDED_BY(mutex_) = 0;
  uint64_t serving_ GUARDED_BY(mutex_) = 0;
};

class SCOPED_CAPABILITY CommitGuard {
 public:
  explicit CommitGuard(CommitLock& lock) ACQUIRE(lock) : lock_(lock) { lock_.Lock(); }
  ~CommitGuard() RELEASE() { lock_.Unlock(); }
  CommitGuard(const CommitGuard&) = delete;
  CommitGuard& operator=(const CommitGuard&) = delete;

 private:
  CommitLock& lock_;
};

}  // namespace kvshim::sql::sqlite
