#include "cluster_workload.h"

#include <atomic>

#include "base/status.h"
#include "base/strings.h"
#include "clients.h"
#include "cluster_watch.h"
#include "requests.h"

namespace kvshim::bench {
namespace {

using base::Concat;
using Next = Clients::Next;
using Run = std::function<absl::StatusOr<Result>(ClusterServer&, const ClusterLoad&)>;

constexpr char kListed[] = "bench-listed";    // its pods are read
constexpr char kWritten[] = "bench-written";  // gets new objects
constexpr char kWatched[] = "bench-watched";  // its pods are changed
constexpr int kWatchedPods = 100;
constexpr size_t kValueBytes = 1024;
constexpr int kBurstWriters = 4;
constexpr int kSteadyWriters = 16;

std::string PathOf(const std::string& name_space, const std::string& resource) {
  return Concat("/api/v1/namespaces/", name_space, "/", resource);
}

std::string PodName(int64_t number) { return Concat("web-66748cc645-", number); }

absl::StatusOr<Result> Measure(ClusterServer& server, const ClusterLoad& load, int count,
                               const Next& next) {
  ASSIGN_OR_RETURN(const auto clients, Clients::Open(server, count));
  return clients->Run(next, load.warmup, load.duration);
}

using Make = std::string (*)(std::string_view name);

// Creates objects of new names. `clients`: 0 for as many as the load has.
Run Creating(const std::string& resource, int clients, Make make) {
  return [=](ClusterServer& server, const ClusterLoad& load) {
    int64_t created = 0;
    const int count = clients == 0 ? load.clients : clients;
    const std::string path = PathOf(kWritten, resource);
    return Measure(server, load, count, [&](int) {
      return Create(path, make(Concat("of-", count, "-in-", load.round, "-", created++)));
    });
  };
}

std::string OneConfigMap(std::string_view name) { return ConfigMap(name, kValueBytes); }

absl::StatusOr<Result> GetPods(ClusterServer& server, const ClusterLoad& load) {
  const std::string path = PathOf(kListed, "pods");
  uint64_t number = 0;
  return Measure(server, load, load.clients, [&](int) {
    // A step that shares no divisor with the number of pods meets all of them, far apart.
    number += 7919;
    return Get(Concat(path, "/",
                      PodName(static_cast<int64_t>(number % static_cast<uint64_t>(load.pods)))));
  });
}

absl::StatusOr<Result> PatchStatus(ClusterServer& server, const ClusterLoad& load) {
  const std::string path = PathOf(kWatched, "pods");
  uint64_t number = 0;
  return Measure(server, load, std::min(load.clients, kWatchedPods), [&](int client) {
    return Patch(Concat(path, "/", PodName(client), "/status"), RunningPod(++number));
  });
}

Run Listing(const std::string& query, std::string_view form) {
  return [=](ClusterServer& server, const ClusterLoad& load) {
    const std::string request = Get(PathOf(kListed, "pods") + query, form);
    return Measure(server, load, load.listers, [&](int) { return request; });
  };
}

Run Watching(bool burst, std::string_view form) {
  return [=](ClusterServer& server, const ClusterLoad& load) {
    WatchLoad watch{.path = PathOf(kWatched, "pods"), .accept = std::string(form)};
    for (int i = 0; i < kWatchedPods; ++i) watch.names.push_back(PodName(i));
    watch.watchers = load.watchers;
    watch.writes =
        burst
            ? load.burst_writes
            : static_cast<int>(load.watch_rate * static_cast<double>(load.duration.count()) / 1000);
    watch.writes_per_second = burst ? 0 : load.watch_rate;
    // Few enough that a kube-apiserver does not take a watcher for too slow, and ends its watch.
    watch.writers = burst ? kBurstWriters : kSteadyWriters;
    return ClusterWatch::Run(server, watch);
  };
}

Workload Reading(std::string name, std::string description) {
  return {std::move(name), std::move(description), nullptr};
}

Workload Writing(std::string name, std::string description) {
  Workload workload = Reading(std::move(name), std::move(description));
  workload.writes = true;
  return workload;
}

absl::Status Ensure(ClusterServer& server, const std::string& path, const std::string& object) {
  const absl::Status status = AskOnce(server, Create(path, object)).status();
  return absl::IsAlreadyExists(status) ? absl::OkStatus() : status;
}

absl::Status FillPods(Clients& clients, const std::string& name_space, int count) {
  const std::string path = PathOf(name_space, "pods");
  int64_t number = 0;
  return clients.RunCount([&](int) { return Create(path, Pod(PodName(number++))); },
                          static_cast<uint64_t>(count));
}

}  // namespace

const std::vector<ClusterWorkload>& ClusterWorkloads() {
  static const std::vector<ClusterWorkload> kWorkloads = {
      {Reading("get-pod", "one of the pods"), GetPods},
      {Reading("list-pods", "all of them, as JSON"), Listing("", kJson)},
      {Reading("list-pods-protobuf", "the same as protobuf"), Listing("", kProtobuf)},
      {Reading("kubectl-get-pods", "the first 500 as a table, as kubectl asks for them"),
       Listing("?limit=500", kTable)},
      {Writing("create-configmap", "of 1 KiB"), Creating("configmaps", 0, OneConfigMap)},
      {Writing("create-configmap-16", "by 16 clients"), Creating("configmaps", 16, OneConfigMap)},
      {Writing("create-configmap-alone", "one after the other"),
       Creating("configmaps", 1, OneConfigMap)},
      {Writing("create-pod", "of a deployment's kind"), Creating("pods", 0, Pod)},
      {Writing("patch-pod-status", "as nodes do, by merge patches"), PatchStatus},
      {Writing("watch-steady", "changes of pods to all watchers, at a fixed rate"),
       Watching(false, kJson)},
      {Writing("watch-burst", "as fast as 4 writers are answered"), Watching(true, kJson)},
      {Writing("watch-burst-protobuf", "the same as protobuf"), Watching(true, kProtobuf)},
  };
  return kWorkloads;
}

absl::Status FillCluster(ClusterServer& server, const ClusterLoad& load) {
  for (const char* name : {kListed, kWritten, kWatched}) {
    RETURN_IF_ERROR(Ensure(server, "/api/v1/namespaces", Named("Namespace", name)));
    // A kube-apiserver alone has no controller that makes it, and without it there are no pods.
    RETURN_IF_ERROR(
        Ensure(server, PathOf(name, "serviceaccounts"), Named("ServiceAccount", "default")));
  }
  ASSIGN_OR_RETURN(const auto clients, Clients::Open(server, load.clients));
  RETURN_IF_ERROR(FillPods(*clients, kListed, load.pods));
  return FillPods(*clients, kWatched, kWatchedPods);
}

}  // namespace kvshim::bench
