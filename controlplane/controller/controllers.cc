#include "controller/controllers.h"

#include <chrono>
#include <set>
#include <string>
#include <utility>

#include "base/logger.h"
#include "controller/certificates.h"
#include "controller/cluster_roles.h"
#include "controller/cron_jobs.h"
#include "controller/daemon_sets.h"
#include "controller/deployments.h"
#include "controller/disruption.h"
#include "controller/endpoint_slices.h"
#include "controller/endpoints.h"
#include "controller/garbage_collector.h"
#include "controller/horizontal_autoscaler.h"
#include "controller/jobs.h"
#include "controller/namespaces.h"
#include "controller/node_lifecycle.h"
#include "controller/pod_garbage.h"
#include "controller/replica_sets.h"
#include "controller/service_accounts.h"
#include "controller/slice_mirroring.h"
#include "controller/stateful_sets.h"
#include "controller/taint_eviction.h"
#include "controller/token_secrets.h"
#include "controller/ttl_after_finished.h"

namespace kvplane::controller {

namespace {

using kvshim::base::Level;
using kvshim::base::Log;
using kvshim::base::MutexLock;

constexpr std::chrono::seconds kPause{1};

std::set<std::string> PrefixesOf(const kinds::Kinds& kinds) {
  std::set<std::string> prefixes;
  for (const kinds::Kind& kind : kinds.kinds()) prefixes.insert(kind.prefix);
  return prefixes;
}

}  // namespace

ControllerList MakeControllers(Environment& environment) {
  ControllerList controllers;
  controllers.push_back(std::make_unique<NamespaceController>(environment));
  controllers.push_back(std::make_unique<GarbageCollector>(environment));
  controllers.push_back(std::make_unique<ServiceAccountController>(environment));
  controllers.push_back(std::make_unique<RootCaPublisher>(environment));
  controllers.push_back(std::make_unique<EndpointsController>(environment));
  controllers.push_back(std::make_unique<EndpointSliceController>(environment));
  controllers.push_back(std::make_unique<SliceMirroringController>(environment));
  controllers.push_back(std::make_unique<ReplicaSetController>(environment));
  controllers.push_back(std::make_unique<ReplicationController>(environment));
  controllers.push_back(std::make_unique<DeploymentController>(environment));
  controllers.push_back(std::make_unique<DisruptionController>(environment));
  controllers.push_back(std::make_unique<TtlAfterFinishedController>(environment));
  controllers.push_back(std::make_unique<ClusterRoleAggregator>(environment));
  controllers.push_back(std::make_unique<CertificateApprover>(environment));
  controllers.push_back(std::make_unique<CertificateSigner>(environment));
  controllers.push_back(std::make_unique<CertificateCleaner>(environment));
  controllers.push_back(std::make_unique<TokenSecretController>(environment));
  controllers.push_back(std::make_unique<PodGarbageCollector>(environment));
  controllers.push_back(std::make_unique<NodeLifecycleController>(environment));
  controllers.push_back(std::make_unique<TaintEvictionController>(environment));
  if (environment.quota_rules.usage_of != nullptr) {
    controllers.push_back(std::make_unique<QuotaController>(environment));
  }
  controllers.push_back(std::make_unique<HorizontalAutoscaler>(environment));
  controllers.push_back(std::make_unique<StatefulSetController>(environment));
  controllers.push_back(std::make_unique<DaemonSetController>(environment));
  controllers.push_back(std::make_unique<JobController>(environment));
  controllers.push_back(std::make_unique<CronJobController>(environment));
  return controllers;
}

Controllers::Controllers(ControllersOptions options)
    : options_(std::move(options)),
      wall_(options_.clock),
      workers_({.name = "kp-controller", .threads = options_.threads, .clock = &options_.clock}),
      elector_({.identity = options_.identity, .alone = options_.alone},
               {.client = Client(
                    options_.registry, options_.api,
                    {.name = "system:kube-controller-manager", .groups = {"system:authenticated"}}),
                .registry = options_.registry,
                .informing = informing_,
                .clock = options_.clock},
               {.started =
                    [this] {
                      MutexLock lock(run_);
                      wanted_ = true;
                      (void)workers_.Submit([this] { Begin(); });
                    },
                .stopped =
                    [this] {
                      MutexLock lock(run_);
                      wanted_ = false;
                      End();
                    }}),
      listening_(options_.registry.ListenToKinds([this](const kinds::Kinds&) {
        workers_.Schedule(options_.clock.Now() + kPause, [this] { FollowKinds(); });
      })) {}

void Controllers::Stop() {
  listening_ = {};
  elector_.Stop();
  workers_.Stop();
  informing_.Stop();
}

void Controllers::RunDue() {
  elector_.RunDue();
  workers_.RunDue();
  informing_.RunDue();
  workers_.RunDue();
}

// Waits for the store, which may take a while where there is much in it: the lease is renewed
// meanwhile.
void Controllers::Begin() {
  MutexLock lock(run_);
  if (!wanted_) return;
  if (informers_ == nullptr) {
    kinds_ = options_.registry.kinds();
    informers_ = std::make_unique<Informers>(options_.registry, informing_);
    environment_ = std::make_unique<Environment>(Environment{.registry = options_.registry,
                                                             .kinds = *kinds_,
                                                             .informers = *informers_,
                                                             .api = options_.api,
                                                             .cluster = options_.cluster,
                                                             .tokens = options_.tokens,
                                                             .authorizer = options_.authorizer,
                                                             .quota_rules = options_.quota_rules,
                                                             .workers = workers_,
                                                             .clock = options_.clock,
                                                             .wall = wall_});
    controllers_ = options_.make(*environment_);
  }
  if (const absl::Status status = informers_->Start(); !status.ok()) {
    Log(Level::kWarning, "controllers cannot start; trying again", {{"error", status}});
    workers_.Schedule(options_.clock.Now() + kPause, [this] { Begin(); });
    return;
  }
  for (const auto& controller : controllers_) controller->Start();
  Log(Level::kInfo, "controllers run", {{"controllers", controllers_.size()}});
}

// Kinds that come or go are rare, and beginning anew costs milliseconds: what controllers know lies
// in the caches.
void Controllers::FollowKinds() {
  {
    MutexLock lock(run_);
    if (!wanted_ || informers_ == nullptr) return;
    if (PrefixesOf(*options_.registry.kinds()) == PrefixesOf(*kinds_)) return;
    End();
  }
  Begin();
}

void Controllers::End() {
  for (const auto& controller : controllers_) controller->Stop();
  if (informers_ != nullptr) informers_->Stop();
  controllers_.clear();
  environment_ = nullptr;
  informers_ = nullptr;
  kinds_ = nullptr;
}

}  // namespace kvplane::controller
