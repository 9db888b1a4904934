// WorkQueue: the keys of objects that a controller is to look at, each once however often it was
// added, and never at two places at a time. A key whose look failed comes again after a pause that
// doubles, from 5 ms to 1000 s; one that was added while it was looked at comes again at once.
//
// All queues share the threads of one executor: a queue hands it one look at a time, so that none
// is kept waiting behind another's thousand. An empty queue costs nothing.
//
// Thread safety: every method may be called from any thread; Stop not from a look. The executor
// must outlive Stop.
//
//   WorkQueue queue({.name = "jobs", .concurrency = 5}, workers, clock, [&](const std::string& key)
//   {
//     return Sync(key);
//   });
//   queue.Add("default/web");   // waits until Start
//   queue.Start();
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"

namespace kvplane::controller {

struct WorkQueueOptions {
  std::string name;        // for the log
  size_t concurrency = 1;  // looks at once
  std::chrono::milliseconds first_pause{5};
  std::chrono::milliseconds longest_pause{1'000'000};
};

class WorkQueue {
 public:
  // A failure is tried again.
  using Look = std::function<absl::Status(const std::string& key)>;

  WorkQueue(WorkQueueOptions options, kvshim::base::Executor& workers, kvshim::base::Clock& clock,
            Look look);
  ~WorkQueue() { Stop(); }
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  void Add(const std::string& key);
  // Of several times the soonest counts. Adding it at once does not take it back.
  void AddAfter(const std::string& key, kvshim::base::Duration pause);

  // What was added before waits for it.
  void Start();
  // No look runs when it returns, and none will.
  void Stop();

  size_t size() const;  // that wait, those for a time not counted

 private:
  struct Timer {
    kvshim::base::TimePoint at;
    kvshim::base::Executor::TimerId id{};
  };

  void AddLocked(const std::string& key) REQUIRES(mutex_);
  void AddAt(const std::string& key, kvshim::base::TimePoint at) REQUIRES(mutex_);
  void Spawn() REQUIRES(mutex_);
  void Fire(const std::string& key);
  void Run();
  void Settle(const std::string& key, const absl::Status& status) REQUIRES(mutex_);
  void TaskEnds() REQUIRES(mutex_);

  const WorkQueueOptions options_;
  kvshim::base::Executor& workers_;
  kvshim::base::Clock& clock_;
  const Look look_;

  mutable kvshim::base::Mutex mutex_;
  kvshim::base::Condition ended_;  // tasks_ fell to 0
  bool started_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::deque<std::string> ready_ GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> waiting_ GUARDED_BY(mutex_);  // ready, or as soon as looked at
  absl::flat_hash_set<std::string> running_ GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, int> failures_ GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Timer> timers_ GUARDED_BY(mutex_);
  size_t looks_ GUARDED_BY(mutex_) = 0;  // handed to the executor and not ended
  size_t tasks_ GUARDED_BY(mutex_) = 0;  // those, and the timers
};

}  // namespace kvplane::controller
