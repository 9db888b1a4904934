// Elector: lets one of all servers lead, by a Lease as Kubernetes' components hold it. The leader
// renews it every 2 s. Who has seen it unchanged for 15 s of its own clock takes it; a leader that
// could not renew it for 10 s stops before that. One that stops gives it back, and another takes it
// at once.
//
// A follower hears of the lease from an informer and asks nothing: it takes over when 15 s are over
// since the last renewal that it saw. Clocks are not compared, only durations.
//
// Thread safety: Start once, then Stop once; `leads` from any thread.
//
//   Elector elector({.identity = "host_6ba7…"}, parts, {.started = …, .stopped = …});
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/json.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "controller/client.h"
#include "controller/informers.h"
#include "controller/wall_clock.h"

namespace kvplane::controller {

struct ElectorOptions {
  std::string name = "kube-controller-manager";  // of the lease, in kube-system
  std::string identity;                          // unlike any other server's
  std::chrono::seconds lease{15};
  std::chrono::seconds renew_deadline{10};
  std::chrono::seconds retry{2};
  // Nobody else can be at the store: whoever holds the lease is dead.
  bool alone = false;
};

struct ElectorParts {
  Client client;
  registry::Registry& registry;
  kvshim::base::Executor& informing;  // of one thread
  kvshim::base::Clock& clock;
};

struct ElectorEvents {
  std::function<void()> started;  // must not wait
  std::function<void()> stopped;  // returns when what leading started has ended
};

class Elector {
 public:
  Elector(ElectorOptions options, ElectorParts parts, ElectorEvents events);
  ~Elector() { Stop(); }

  void Start();
  // Gives the lease back, after `stopped`.
  void Stop();

  bool leads() const { return leads_; }
  // Runs what is due. For tests with a clock of their own.
  void RunDue() { executor_.RunDue(); }

 private:
  void Turn();
  // How long to wait then.
  kvshim::base::Duration Renew() REQUIRES(turn_);
  kvshim::base::Duration Try() REQUIRES(turn_);
  absl::Status Write(json::Object lease, std::string_view holder) REQUIRES(turn_);
  void Lead();
  void Lose(std::string_view why);
  void CheckDeadline();

  void Hear(const Change& change);
  void Observe(const json::Object& lease);
  void Forget();
  json::Object Observed();
  std::string Holder();
  // When it may be taken, if nobody renews it.
  kvshim::base::TimePoint FreeAt() const REQUIRES(mutex_);
  // After the pause, and for one who follows not before the lease may be taken.
  void ScheduleTurn(kvshim::base::Duration pause);

  const ElectorOptions options_;
  const ElectorParts parts_;
  const ElectorEvents events_;
  const kinds::Kind& leases_;
  const WallClock wall_;

  kvshim::base::Mutex turn_;    // one turn at a time; held while the store is waited for
  kvshim::base::Mutex change_;  // of leads_; held while the events run
  std::atomic<bool> leads_ = false;

  kvshim::base::Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  json::Object observed_ GUARDED_BY(mutex_);  // empty: there is no lease
  kvshim::base::TimePoint observed_at_ GUARDED_BY(mutex_);
  kvshim::base::TimePoint renewed_at_ GUARDED_BY(mutex_);
  kvshim::base::Executor::TimerId timer_ GUARDED_BY(mutex_){};

  Informers informers_;
  // Two threads: one may hang in a renewal while the other finds that time is over.
  kvshim::base::Executor executor_;
};

}  // namespace kvplane::controller
