#include "store/publisher.h"

#include <pthread.h>

#include <utility>

namespace kvshim::store {
namespace {

// So many are told within what waking a thread takes.
constexpr int64_t kFewWatchers = 32;

}  // namespace

Publisher::Publisher(watch::Hub& hub) : hub_(hub), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "kv-publisher");
}

void Publisher::Publish(Delivery delivery) {
  base::MutexLock lock(mutex_);
  queue_.push_back(std::move(delivery));
  if (queue_.size() == 1) changed_.NotifyOne();
}

void Publisher::PublishHere(Delivery delivery) {
  {
    base::MutexLock lock(mutex_);
    if (delivering_ || !queue_.empty() || hub_.watchers() > kFewWatchers) {
      queue_.push_back(std::move(delivery));
      if (queue_.size() == 1) changed_.NotifyOne();
      return;
    }
    delivering_ = true;
  }
  Deliver(delivery);
  base::MutexLock lock(mutex_);
  delivering_ = false;
}

void Publisher::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void Publisher::Run() {
  std::vector<Delivery> deliveries;
  while (true) {
    {
      base::MutexLock lock(mutex_);
      delivering_ = false;
      while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
      if (queue_.empty()) return;
      deliveries.swap(queue_);
      delivering_ = true;
    }
    for (Delivery& delivery : deliveries) Deliver(delivery);
    deliveries.clear();
  }
}

void Publisher::Deliver(Delivery& delivery) {
  for (const auto& proposal : delivery.answered) proposal->Answer(delivery.failure);
  if (delivery.skip_to > 0) hub_.Skip(delivery.skip_to);
  hub_.Publish(delivery.events);
}

}  // namespace kvshim::store
