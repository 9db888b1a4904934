// Advertiser: tells everybody in the cluster where its servers are: the Endpoints and the
// EndpointSlices of the service "kubernetes" name those that live.
//
// Each server has a key under /registry/masterleases/ that ends 15 s after it was last renewed.
// Every 5 s it renews its own, and corrects what is told where it differs from the keys. One that
// stops takes its key away. Who is alone at the store has nothing to renew: it tells where it is
// once.
//
// Thread safety: Start once, then Stop once.
//
//   Advertiser advertiser({.address = "10.0.0.7", .port = 6443}, store, client, executor);
//   RETURN_IF_ERROR(advertiser.Start());
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "api/json.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "controller/client.h"
#include "kvshim/store.h"

namespace kvplane::server {

struct AdvertiserOptions {
  std::string address;
  int port = 0;
  bool alone = false;  // no other server can be at the store
};

class Advertiser {
 public:
  // All but the client must outlive it.
  Advertiser(AdvertiserOptions options, kvshim::Store& store, controller::Client client,
             kvshim::base::Executor& executor);

  absl::Status Start();
  void Stop();

 private:
  // An address and a port.
  using Place = std::pair<std::string, int>;

  void Schedule();
  absl::Status Renew();
  absl::Status Hold() REQUIRES(mutex_);
  absl::StatusOr<std::vector<Place>> Living();
  absl::Status Tell(const std::vector<Place>& places);
  // Those of ports that no server has any more.
  absl::Status DropSlices(const std::set<std::string>& told);
  absl::Status Write(const kinds::Kind& kind, std::string_view name, api::json::Object wanted);

  const AdvertiserOptions options_;
  kvshim::Store& store_;
  const controller::Client client_;
  kvshim::base::Executor& executor_;

  kvshim::base::Mutex mutex_;  // held while it renews
  bool stopped_ GUARDED_BY(mutex_) = false;
  kvshim::LeaseId lease_ GUARDED_BY(mutex_) = kvshim::kNoLease;
  kvshim::base::Executor::TimerId timer_ GUARDED_BY(mutex_){};
};

}  // namespace kvplane::server
