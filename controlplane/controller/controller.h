// Controller: brings objects to what they should be, one key at a time.
//
// It is made where its server comes to lead, and destroyed where it leads no longer. Its
// constructor asks for informers and adds handlers, which add keys; Sync looks at one. Nothing of
// it runs before all informers of all controllers know their objects. Several Syncs may run at
// once, never two of one key. Sync is told nothing of what happened: it compares what is with what
// should be, so that one look is as good as many.
//
//   class JobController : public Controller {
//    public:
//     explicit JobController(Environment& environment)
//         : Controller(environment, {.name = "job-controller", .concurrency = 5}),
//           jobs_(environment.informers.Of("batch/v1", "jobs")) {
//       jobs_.AddHandler([this](const Change& change) { queue().Add(change.key()); });
//     }
//     absl::Status Sync(const std::string& key) override;   // a failure is tried again, later
//   };
#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "apiserver/authorizer.h"
#include "apiserver/exchange.h"
#include "apiserver/token_issuer.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "cluster/bootstrap.h"
#include "controller/client.h"
#include "controller/informers.h"
#include "controller/recorder.h"
#include "controller/wall_clock.h"
#include "controller/work_queue.h"
#include "registry/registry.h"

namespace kvplane::controller {

struct QuotaRules;

// What all controllers share. Everything in it outlives them.
struct Environment {
  registry::Registry& registry;
  const kinds::Kinds& kinds;  // that are served, custom ones too
  Informers& informers;
  const apiserver::Handler& api;  // where writes go; knows the user already
  const cluster::Bootstrap& cluster;
  const apiserver::TokenIssuer& tokens;
  const apiserver::Authorizer& authorizer;
  const QuotaRules& quota_rules;
  kvshim::base::Executor& workers;  // of all queues
  kvshim::base::Clock& clock;
  const WallClock& wall;
};

struct ControllerOptions {
  std::string name;        // the service account in kube-system that it is
  size_t concurrency = 1;  // Syncs at once
  std::string user;        // whom it writes as; empty: that service account
};

class Controller {
 public:
  Controller(Environment& environment, const ControllerOptions& options)
      : environment_(environment),
        client_(environment.registry, environment.api, UserOf(options)),
        recorder_(client_, options.name, environment.workers, environment.clock),
        queue_({.name = options.name, .concurrency = options.concurrency}, environment.workers,
               environment.clock, [this](const std::string& key) { return Sync(key); }) {}
  virtual ~Controller() = default;

  virtual absl::Status Sync(const std::string& key) = 0;

  // By who runs it. Stop comes before the destructor: it waits for the Syncs.
  void Start() { queue_.Start(); }
  void Stop() {
    queue_.Stop();
    recorder_.Stop();
  }

 protected:
  Environment& environment() const { return environment_; }
  const Client& client() const { return client_; }
  Recorder& recorder() { return recorder_; }
  WorkQueue& queue() { return queue_; }

  // What a Sync creates its informer learns a moment later. Who remembers the revision of what was
  // written for a key, and awaits it (Informer::Await) at the key's next Sync, creates nothing
  // twice.
  void Wrote(const std::string& key, const json::Object& written) {
    kvshim::base::MutexLock lock(mutex_);
    written_[key] = RevisionOf(written);
  }
  // 0 where nothing was; forgets it.
  int64_t Written(const std::string& key) {
    kvshim::base::MutexLock lock(mutex_);
    const auto node = written_.extract(key);
    return node.empty() ? 0 : node.mapped();
  }
  // Waits until the informer knows it. What it does not know in time stays remembered.
  absl::Status AwaitWritten(const std::string& key, Informer& informer) {
    const int64_t revision = Written(key);
    absl::Status status = informer.Await(revision);
    if (!status.ok()) {
      kvshim::base::MutexLock lock(mutex_);
      written_[key] = revision;
    }
    return status;
  }

 private:
  static apiserver::User UserOf(const ControllerOptions& options) {
    if (options.user.empty()) return ServiceAccount(options.name);
    return {.name = options.user, .groups = {"system:authenticated"}};
  }

  Environment& environment_;
  const Client client_;
  Recorder recorder_;
  kvshim::base::Mutex mutex_;
  absl::flat_hash_map<std::string, int64_t> written_ GUARDED_BY(mutex_);
  WorkQueue queue_;
};

}  // namespace kvplane::controller
