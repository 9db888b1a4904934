#include "rpc/event_loop.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <condition_variable>

namespace kvshim::rpc {

void EventLoop::Start(const std::string& thread_name) {
  std::mutex mutex;
  std::condition_variable started;
  bool running = false;
  thread_ = std::thread([&, this] {
    pthread_setname_np(pthread_self(), thread_name.c_str());
    {
      const std::lock_guard lock(mutex);
      thread_id_ = std::this_thread::get_id();
      running = true;
      started.notify_one();
    }
    const auto work = boost::asio::make_work_guard(io_);
    io_.run();
  });
  std::unique_lock lock(mutex);
  started.wait(lock, [&] { return running; });
}

void EventLoop::Stop() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void EventLoop::Wake(std::shared_ptr<Wakeable> one) {
  const bool in_turn = IsOnTurn();
  {
    base::MutexLock lock(mutex_);
    woken_.push_back(std::move(one));
    if (in_turn || std::exchange(scheduled_, true)) return;
  }
  boost::asio::post(io_, [this] { const Turn turn(*this); });
}

void EventLoop::EndTurn() {
  // Sending may wake, and waking means sending; others' sockets wait meanwhile.
  constexpr int kMostRounds = 8;
  std::vector<std::shared_ptr<Wakeable>> woken;
  std::vector<std::shared_ptr<Flushable>> unflushed;
  for (int round = 0;; ++round) {
    {
      base::MutexLock lock(mutex_);
      woken.swap(woken_);
      scheduled_ = false;
    }
    for (const std::shared_ptr<Wakeable>& one : woken) one->Resume();
    unflushed.swap(unflushed_);
    for (const std::shared_ptr<Flushable>& one : unflushed) one->Flush();
    if (woken.empty() && unflushed.empty()) break;
    woken.clear();
    unflushed.clear();
    if (round == kMostRounds) {
      boost::asio::post(io_, [this] { const Turn turn(*this); });
      break;
    }
  }
  in_turn_ = false;
}

}  // namespace kvshim::rpc
