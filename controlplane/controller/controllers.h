// Controllers: all of them, at the one server that leads.
//
// Thread safety: Start once, then Stop once.
//
//   Controllers controllers({.registry = api->registry(), .api = handler, .identity = "…"});
//   controllers.Start();
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "apiserver/exchange.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "controller/controller.h"
#include "controller/elector.h"
#include "controller/quota.h"
#include "registry/registry.h"

namespace kvplane::controller {

using ControllerList = std::vector<std::unique_ptr<Controller>>;

// Those that a cluster has.
ControllerList MakeControllers(Environment& environment);

struct ControllersOptions {
  registry::Registry& registry;
  apiserver::Handler api;  // answers requests that name their user
  const cluster::Bootstrap& cluster;
  const apiserver::TokenIssuer& tokens;
  const apiserver::Authorizer& authorizer;
  QuotaRules quota_rules;  // empty: nobody counts
  std::string identity;    // unlike any other server's
  bool alone = false;      // nobody else can be at the store
  size_t threads = 8;      // which all share
  kvshim::base::Clock& clock = kvshim::base::Clock::Real();
  std::function<ControllerList(Environment&)> make = MakeControllers;
};

class Controllers {
 public:
  explicit Controllers(ControllersOptions options);
  ~Controllers() { Stop(); }

  // Comes to lead, sooner or later.
  void Start() { elector_.Start(); }
  // Ends what runs, and lets another server lead.
  void Stop();

  bool leads() const { return elector_.leads(); }
  // Waits until all that is due has been done. For tests with a clock of their own.
  void RunDue();

 private:
  void Begin() EXCLUDES(run_);
  void End() REQUIRES(run_);
  // Begins anew where other kinds are served than when it began.
  void FollowKinds() EXCLUDES(run_);

  const ControllersOptions options_;
  const WallClock wall_;
  kvshim::base::Executor informing_{{.name = "kp-informers"}};
  kvshim::base::Executor workers_;

  kvshim::base::Mutex run_;  // held while controllers begin or end
  bool wanted_ GUARDED_BY(run_) = false;
  std::shared_ptr<const kinds::Kinds> kinds_ GUARDED_BY(run_);
  std::unique_ptr<Informers> informers_ GUARDED_BY(run_);
  std::unique_ptr<Environment> environment_ GUARDED_BY(run_);
  ControllerList controllers_ GUARDED_BY(run_);

  Elector elector_;
  kinds::ServedKinds::Listening listening_;
};

}  // namespace kvplane::controller
