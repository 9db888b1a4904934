#include "workload.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "closed_loop.h"
#include "keyspace.h"
#include "read_calls.h"
#include "watch_fanout.h"
#include "write_calls.h"

namespace kvshim::bench {
namespace {

// Prefixes populated once and then only read.
constexpr char kListed[] = "listed";
constexpr char kCounted[] = "counted";

// A prefix that nothing has written to.
std::string FreshPrefix(const std::string& name) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return base::Concat(name, '-', std::chrono::nanoseconds(now).count());
}

absl::StatusOr<Result> RunLoop(Connections& connections, Calls& calls, const LoadOptions& options,
                               int clients, const ProcessGroup& processes) {
  ClosedLoop loop(connections, calls, clients);
  return loop.Run(options.warmup, options.duration, processes);
}

absl::StatusOr<Result> RunFanout(Connections& connections, const LoadOptions& options,
                                 const std::string& name, const ProcessGroup& processes) {
  FanoutOptions fanout;
  fanout.prefix = FreshPrefix("watched");
  fanout.watchers = options.clients;
  fanout.value_size = options.value_size;
  fanout.writes = options.burst_writes;
  fanout.across = name == "watch-across";
  if (fanout.across) fanout.watchers = std::min(fanout.watchers, options.across_watchers);
  if (name != "watch-burst") {
    fanout.writes_per_second = options.watch_rate;
    fanout.writes = static_cast<int>(options.watch_rate *
                                     std::chrono::duration<double>(options.duration).count());
  }
  return WatchFanout(connections, fanout).Run(processes);
}

// Creates keys 0 to count - 1 of `prefix`, one by one as a Kubernetes API server would: kine knows
// no other way.
absl::Status Populate(Connections& connections, const LoadOptions& options,
                      const std::string& prefix, int64_t count, size_t value_size) {
  GuardedCreateCalls calls(prefix, value_size);
  return ClosedLoop(connections, calls, options.clients).RunCount(static_cast<uint64_t>(count));
}

}  // namespace

const std::vector<Workload>& Workloads() {
  // The reads come first, before writes leave their traces in the servers' buffers and caches.
  static const auto& workloads = *new std::vector<Workload>{
      {"get", "linearizable Range of one key", false},
      {"get-serializable", "serializable Range of one key", false, false},
      {"list", "Range of the whole prefix of 5,000 keys", false},
      {"count", "count of a prefix of 50,000 keys", false},
      {"first-page", "first 500 keys of a prefix of 50,000", false},
      {"watch-steady", "events delivered to all watchers of a prefix, writes at a fixed rate",
       true},
      {"guarded-create", "Txn: if the key is not there, put it", true},
      {"guarded-update", "Txn: if the key is at the revision last seen, put it", true},
      {"guarded-update-alone", "the same by one client, one write at a time", true},
      {"put", "unconditional Put", true, false},
      {"watch-burst", "watch-steady with writes as fast as 16 writers are answered", true},
      {"watch-across", "written steadily at one server, watched at others", true, true, 2},
  };
  return workloads;
}

const Workload* FindWorkload(const std::string& name) {
  const auto found = std::ranges::find(Workloads(), name, &Workload::name);
  return found == Workloads().end() ? nullptr : &*found;
}

absl::Status PopulateForReads(Connections& connections, const LoadOptions& options) {
  RETURN_IF_ERROR(Populate(connections, options, kListed, options.list_keys, options.value_size));
  return Populate(connections, options, kCounted, options.count_keys, options.value_size / 2);
}

absl::StatusOr<Result> RunWorkload(const std::string& name, Connections& connections,
                                   const LoadOptions& options, const ProcessGroup& processes) {
  const size_t value = options.value_size;
  if (name == "guarded-create") {
    GuardedCreateCalls calls(FreshPrefix("created"), value);
    return RunLoop(connections, calls, options, options.clients, processes);
  }
  if (name == "guarded-update" || name == "guarded-update-alone") {
    const int clients = name == "guarded-update" ? options.clients : 1;
    GuardedUpdateCalls calls(FreshPrefix("updated"), clients, value);
    return RunLoop(connections, calls, options, clients, processes);
  }
  if (name == "put") {
    PutCalls calls(FreshPrefix("put"), value);
    return RunLoop(connections, calls, options, options.clients, processes);
  }
  if (name == "get" || name == "get-serializable") {
    ReadCalls calls(GetRequests(kListed, options.list_keys, name == "get-serializable"), value);
    return RunLoop(connections, calls, options, options.clients, processes);
  }
  if (name == "list") {
    ReadCalls calls({ListRequest(kListed, 0)}, static_cast<size_t>(options.list_keys) * value);
    return RunLoop(connections, calls, options, options.clients, processes);
  }
  if (name == "count") {
    CountCalls calls(kCounted, options.count_keys);
    return RunLoop(connections, calls, options, options.clients, processes);
  }
  if (name == "first-page") {
    ReadCalls calls({ListRequest(kCounted, options.page)},
                    static_cast<size_t>(options.page) * (value / 2));
    return RunLoop(connections, calls, options, options.clients, processes);
  }
  if (name.starts_with("watch-")) {
    return RunFanout(connections, options, name, processes);
  }
  return absl::InvalidArgumentError(base::Concat("there is no workload '", name, "'"));
}

}  // namespace kvshim::bench
