// Executor: a few threads that run functions, now or at a time.
//
// Thread safety: every method may be called from any thread, also from a running function (but not
// Stop, which waits for it). Functions may block; they then hold one of the threads.
//
// With a clock other than Clock::Real() no time passes by itself: a test advances its FakeClock and
// calls RunDue().
//
//   Executor executor({.name = "sql", .threads = 2, .max_queued = 1000});
//   if (!executor.Submit([&] { ... })) return absl::ResourceExhaustedError("...");
//   executor.Schedule(clock.Now() + std::chrono::seconds(1), [&] { ... });
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace kvshim::base {

struct ExecutorOptions {
  std::string name = "executor";  // of the threads, cut to 15 characters
  size_t threads = 1;
  size_t max_queued = SIZE_MAX;  // functions that wait for a thread
  Clock* clock = &Clock::Real();
};

class Executor {
 public:
  using Function = absl::AnyInvocable<void()>;
  enum class TimerId : uint64_t {};

  explicit Executor(const ExecutorOptions& options);
  ~Executor() { Stop(); }
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Runs `function` on one of the threads, after those submitted before. False where the queue is
  // full or the executor stops; `function` is then destroyed.
  [[nodiscard]] bool Submit(Function function);

  // Runs `function` on one of the threads once the clock has come to `at`; the queue's bound does
  // not apply. Destroyed unrun where the executor stops first.
  TimerId Schedule(TimePoint at, Function function);
  // True where the function has not been handed to a thread and now never will be.
  bool Cancel(TimerId timer);

  // Hands what is due to the threads and returns when it and everything queued before it has run.
  // For tests; not to be called from a function.
  void RunDue();

  // Runs what is queued, drops the timers, joins the threads. Further functions are refused.
  void Stop();

  size_t queued() const;

 private:
  using TimerKey = std::pair<TimePoint, TimerId>;

  void Work();
  void WatchTimers();
  void QueueDue(TimePoint now) REQUIRES(mutex_);

  const ExecutorOptions options_;
  mutable Mutex mutex_;
  Condition work_;  // queue_ or stopping_ changed
  Condition timers_changed_;
  Condition idle_;  // running_ fell to 0 with an empty queue
  std::deque<Function> queue_ GUARDED_BY(mutex_);
  std::map<TimerKey, Function> timers_ GUARDED_BY(mutex_);
  std::map<TimerId, TimePoint> timer_times_ GUARDED_BY(mutex_);
  uint64_t next_timer_ GUARDED_BY(mutex_) = 1;
  size_t running_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::base
