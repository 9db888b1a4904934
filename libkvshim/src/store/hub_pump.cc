#include "store/hub_pump.h"

#include <pthread.h>

#include <algorithm>

namespace kvshim::store {
namespace {

// How often a clock that tests move by hand is looked at.
constexpr std::chrono::milliseconds kFakeClockLook{5};

}  // namespace

void HubPump::Start(watch::Hub& hub) {
  thread_ = std::thread([this, &hub] { Run(hub); });
  pthread_setname_np(thread_.native_handle(), "kv-watch");
}

void HubPump::Wake() {
  base::MutexLock lock(mutex_);
  if (woken_) return;
  woken_ = true;
  changed_.NotifyOne();
}

void HubPump::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void HubPump::Run(watch::Hub& hub) {
  while (true) {
    base::TimePoint next = hub.Pump();
    if (&clock_ != &base::Clock::Real() && next != base::TimePoint::max()) {
      next = base::Clock::Real().Now() + kFakeClockLook;
    }
    base::MutexLock lock(mutex_);
    while (!woken_ && !stopping_) {
      if (next == base::TimePoint::max()) {
        changed_.Wait(mutex_);
      } else if (!changed_.WaitUntil(mutex_, next)) {
        break;
      }
    }
    if (stopping_) return;
    woken_ = false;
  }
}

}  // namespace kvshim::store
