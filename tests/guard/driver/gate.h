// Gate: holds commits up, so that what is written meanwhile goes into one commit, always the same.
//
// Thread safety: Pass is the committer's, the rest is for one other thread.
//
//   gate.Close();
//   Send(put);            // is committed, and the committer then waits
//   gate.AwaitWaiting();
//   Send(...);            // each of these waits for the committer
//   gate.Open();          // they are committed together
#pragma once

#include "base/mutex.h"

namespace kvshim::guard {

class Gate {
 public:
  void Close() {
    base::MutexLock lock(mutex_);
    closed_ = true;
  }
  void Open() {
    base::MutexLock lock(mutex_);
    closed_ = false;
    changed_.NotifyAll();
  }
  void AwaitWaiting() {
    base::MutexLock lock(mutex_);
    while (!waiting_) changed_.Wait(mutex_);
  }
  void Pass() {
    base::MutexLock lock(mutex_);
    waiting_ = true;
    changed_.NotifyAll();
    while (closed_) changed_.Wait(mutex_);
    waiting_ = false;
  }

 private:
  base::Mutex mutex_;
  base::Condition changed_;
  bool closed_ GUARDED_BY(mutex_) = false;
  bool waiting_ GUARDED_BY(mutex_) = false;
};

}  // namespace kvshim::guard
