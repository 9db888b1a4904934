#include "base/executor.h"

#include <pthread.h>

namespace kvshim::base {

Executor::Executor(const ExecutorOptions& options) : options_(options) {
  MutexLock lock(mutex_);
  const auto start = [this](void (Executor::*body)()) REQUIRES(mutex_) {
    threads_.emplace_back([this, body] {
      pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
      (this->*body)();
    });
  };
  for (size_t i = 0; i < options_.threads; ++i) start(&Executor::Work);
  if (options_.clock == &Clock::Real()) start(&Executor::WatchTimers);
}

bool Executor::Submit(Function function) {
  {
    MutexLock lock(mutex_);
    if (stopping_ || queue_.size() >= options_.max_queued) return false;
    queue_.push_back(std::move(function));
  }
  work_.NotifyOne();
  return true;
}

Executor::TimerId Executor::Schedule(TimePoint at, Function function) {
  MutexLock lock(mutex_);
  const TimerId id{next_timer_++};
  if (stopping_) return id;
  timers_.emplace(TimerKey(at, id), std::move(function));
  timer_times_.emplace(id, at);
  if (timers_.begin()->first.second == id) timers_changed_.NotifyOne();
  return id;
}

bool Executor::Cancel(TimerId timer) {
  Function dropped;  // destroyed after the lock: it may own anything
  MutexLock lock(mutex_);
  const auto time = timer_times_.find(timer);
  if (time == timer_times_.end()) return false;
  const auto entry = timers_.find(TimerKey(time->second, timer));
  dropped = std::move(entry->second);
  timers_.erase(entry);
  timer_times_.erase(time);
  return true;
}

void Executor::QueueDue(TimePoint now) {
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    const auto first = timers_.begin();
    queue_.push_back(std::move(first->second));
    timer_times_.erase(first->first.second);
    timers_.erase(first);
    work_.NotifyOne();
  }
}

void Executor::RunDue() {
  MutexLock lock(mutex_);
  QueueDue(options_.clock->Now());
  while (running_ != 0 || !queue_.empty()) idle_.Wait(mutex_);
}

void Executor::Work() {
  mutex_.Lock();
  while (true) {
    while (queue_.empty() && !stopping_) work_.Wait(mutex_);
    if (queue_.empty()) break;
    Function function = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    mutex_.Unlock();
    function();
    function = nullptr;
    mutex_.Lock();
    if (--running_ == 0 && queue_.empty()) idle_.NotifyAll();
  }
  mutex_.Unlock();
}

void Executor::WatchTimers() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    QueueDue(options_.clock->Now());
    if (timers_.empty()) {
      timers_changed_.Wait(mutex_);
    } else {
      timers_changed_.WaitUntil(mutex_, timers_.begin()->first.first);
    }
  }
}

void Executor::Stop() {
  std::vector<std::thread> threads;
  std::map<TimerKey, Function> dropped;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
    dropped.swap(timers_);
    timer_times_.clear();
  }
  work_.NotifyAll();
  timers_changed_.NotifyAll();
  for (std::thread& thread : threads) thread.join();
}

size_t Executor::queued() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

}  // namespace kvshim::base
