#include "workload.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "keyspace.h"
#include "lease_calls.h"
#include "loop.h"
#include "mixed_calls.h"
#include "read_calls.h"
#include "rpc.pb.h"
#include "watch_fanout.h"
#include "write_calls.h"

namespace kvshim::bench {
namespace {

constexpr char kListed[] = "listed";
constexpr char kCounted[] = "counted";

using Results = absl::StatusOr<Result>;

Results RunLoop(Connections& connections, Calls& calls, const LoadOptions& options,
                const ProcessGroup& processes) {
  Loop loop(connections, calls, {options.clients, options.rate, options.on_progress});
  return loop.Run(options.warmup, options.duration, processes);
}

Results Get(Connections& connections, const LoadOptions& options, const ProcessGroup& processes) {
  ReadCalls calls(GetRequests(kListed, options.list_keys, false), options.value_size);
  return RunLoop(connections, calls, options, processes);
}

Results GetSerializable(Connections& connections, const LoadOptions& options,
                        const ProcessGroup& processes) {
  ReadCalls calls(GetRequests(kListed, options.list_keys, true), options.value_size);
  return RunLoop(connections, calls, options, processes);
}

Results List(Connections& connections, const LoadOptions& options, const ProcessGroup& processes) {
  ReadCalls calls({ListRequest(kListed, 0)},
                  static_cast<size_t>(options.list_keys) * options.value_size);
  return RunLoop(connections, calls, options, processes);
}

Results ListKeys(Connections& connections, const LoadOptions& options,
                 const ProcessGroup& processes) {
  etcdserverpb::RangeRequest request = ListRequest(kListed, 0);
  request.set_keys_only(true);
  ReadCalls calls({request}, static_cast<size_t>(options.list_keys) * KeyOf(kListed, 0).size());
  return RunLoop(connections, calls, options, processes);
}

Results ListPages(Connections& connections, const LoadOptions& options,
                  const ProcessGroup& processes) {
  PageCalls calls(kListed, options.list_keys, options.page, options.clients);
  return RunLoop(connections, calls, options, processes);
}

Results Count(Connections& connections, const LoadOptions& options, const ProcessGroup& processes) {
  CountCalls calls(kCounted, options.count_keys);
  return RunLoop(connections, calls, options, processes);
}

Results FirstPage(Connections& connections, const LoadOptions& options,
                  const ProcessGroup& processes) {
  ReadCalls calls(
      {ListRequest(kCounted, options.page)},
      static_cast<size_t>(std::min(options.page, options.count_keys)) * (options.value_size / 2));
  return RunLoop(connections, calls, options, processes);
}

Results Put(Connections& connections, const LoadOptions& options, const ProcessGroup& processes) {
  PutCalls calls(FreshPrefix("put"), options.value_size);
  return RunLoop(connections, calls, options, processes);
}

Results GuardedCreate(Connections& connections, const LoadOptions& options,
                      const ProcessGroup& processes) {
  GuardedCreateCalls calls(FreshPrefix("created"), options.value_size);
  return RunLoop(connections, calls, options, processes);
}

Results GuardedUpdate(Connections& connections, const LoadOptions& options,
                      const ProcessGroup& processes) {
  GuardedUpdateCalls calls(FreshPrefix("updated"), options.clients, options.value_size);
  return RunLoop(connections, calls, options, processes);
}

Results GuardedDelete(Connections& connections, const LoadOptions& options,
                      const ProcessGroup& processes) {
  GuardedDeleteCalls calls(FreshPrefix("deleted"), options.clients, options.value_size);
  return RunLoop(connections, calls, options, processes);
}

Results Mixed(Connections& connections, const LoadOptions& options, const ProcessGroup& processes) {
  ReadCalls reads(GetRequests(kListed, options.list_keys, false), options.value_size);
  GuardedUpdateCalls writes(FreshPrefix("mixed"), options.clients, options.value_size);
  MixedCalls calls(reads, writes, options.clients, options.read_percent);
  return RunLoop(connections, calls, options, processes);
}

Results KeepAlive(Connections& connections, const LoadOptions& options,
                  const ProcessGroup& processes) {
  ASSIGN_OR_RETURN(KeepAliveCalls calls, KeepAliveCalls::Grant(connections, options.clients));
  return RunLoop(connections, calls, options, processes);
}

// Updates, then the same while all history before them is compacted away.
Results Compaction(Connections& connections, const LoadOptions& options,
                   const ProcessGroup& processes) {
  GuardedUpdateCalls calls(FreshPrefix("compacted"), options.clients, options.value_size);
  Loop loop(connections, calls, {options.clients, options.rate, options.on_progress});
  ASSIGN_OR_RETURN(const Result before, loop.Run(options.warmup, options.duration, processes));
  etcdserverpb::RangeRequest any;
  etcdserverpb::RangeResponse now;
  any.set_key(PrefixOf(kListed));
  RETURN_IF_ERROR(connections.Call(kRange, any, &now));
  etcdserverpb::CompactionRequest compact;
  etcdserverpb::CompactionResponse compacted;
  compact.set_revision(now.header().revision());
  RETURN_IF_ERROR(connections.Call(kCompact, compact, &compacted));
  ASSIGN_OR_RETURN(Result result,
                   loop.Run(std::chrono::milliseconds(0), options.duration, processes));
  result.further = {{"p99_us without compaction", before.p99_us},
                    {"per_second without compaction", before.per_second}};
  return result;
}

FanoutOptions Fanout(const LoadOptions& options) {
  FanoutOptions fanout;
  fanout.prefix = FreshPrefix("watched");
  fanout.watchers = options.watchers > 0 ? options.watchers : options.clients;
  fanout.value_size = options.value_size;
  fanout.writes = options.burst_writes;
  fanout.on_progress = options.on_progress;
  return fanout;
}

void MakeSteady(FanoutOptions& fanout, const LoadOptions& options) {
  const double seconds = std::chrono::duration<double>(options.duration).count();
  fanout.writes_per_second = options.watch_rate;
  fanout.writes = std::max(1, static_cast<int>(options.watch_rate * seconds));
}

Results WatchSteady(Connections& connections, const LoadOptions& options,
                    const ProcessGroup& processes) {
  FanoutOptions fanout = Fanout(options);
  MakeSteady(fanout, options);
  return WatchFanout(connections, fanout).Run(processes);
}

Results WatchBurst(Connections& connections, const LoadOptions& options,
                   const ProcessGroup& processes) {
  return WatchFanout(connections, Fanout(options)).Run(processes);
}

Results WatchCatchUp(Connections& connections, const LoadOptions& options,
                     const ProcessGroup& processes) {
  FanoutOptions fanout = Fanout(options);
  fanout.catch_up = true;
  return WatchFanout(connections, fanout).Run(processes);
}

Results WatchAcross(Connections& connections, const LoadOptions& options,
                    const ProcessGroup& processes) {
  FanoutOptions fanout = Fanout(options);
  MakeSteady(fanout, options);
  fanout.across = true;
  fanout.watchers = std::min(fanout.watchers, options.across_watchers);
  return WatchFanout(connections, fanout).Run(processes);
}

std::vector<Workload> MakeWorkloads() {
  const auto writing = [](const char* name, const char* description, auto run) {
    return Workload{.name = name, .description = description, .run = run, .writes = true};
  };
  const auto reading = [](const char* name, const char* description, auto run, Keys keys) {
    return Workload{.name = name, .description = description, .run = run, .keys = keys};
  };
  // The reads come first, before writes leave their traces in the servers' buffers and caches.
  std::vector<Workload> all = {
      reading("get", "linearizable Range of one key", Get, Keys::kListed),
      reading("get-serializable", "serializable Range of one key", GetSerializable, Keys::kListed),
      reading("list", "Range of a whole prefix, by default of 5,000 keys", List, Keys::kListed),
      reading("list-pages", "the same, in pages of 500", ListPages, Keys::kListed),
      reading("list-keys", "the same at once, keys only", ListKeys, Keys::kListed),
      reading("count", "count of a prefix, by default of 50,000 keys", Count, Keys::kCounted),
      reading("first-page", "first 500 keys of that prefix", FirstPage, Keys::kCounted),
      writing("watch-steady", "events delivered to watchers of a prefix, writes at a fixed rate",
              WatchSteady),
      writing("watch-steady-500", "the same with 500 watchers and 40 writes a second", WatchSteady),
      writing("watch-steady-10000", "the same with 10,000 watchers and 2 writes a second",
              WatchSteady),
      writing("mixed", "gets and guarded updates, see --read-percent", Mixed),
      writing("lease-keepalive", "keepalives, each client on a stream of its own", KeepAlive),
      writing("guarded-create", "Txn: if the key is not there, put it", GuardedCreate),
      writing("guarded-update", "Txn: if the key is at the revision last seen, put it",
              GuardedUpdate),
      writing("guarded-update-16", "the same by 16 clients", GuardedUpdate),
      writing("guarded-update-alone", "the same by one client, one write at a time", GuardedUpdate),
      writing("guarded-delete", "Txn: if it is, delete it; every other one creates it anew",
              GuardedDelete),
      writing("put", "unconditional Put", Put),
      writing("watch-burst", "watch-steady with writes as fast as 16 writers are answered",
              WatchBurst),
      writing("watch-burst-50", "the same with 50 watchers", WatchBurst),
      writing("watch-catch-up", "watches that begin 1,000 writes in the past", WatchCatchUp),
      writing("compaction", "guarded updates while the history before them is compacted",
              Compaction),
      writing("watch-across", "written steadily at one server, watched at others", WatchAcross),
  };
  for (Workload& workload : all) {
    const std::string& name = workload.name;
    // kine knows neither the first two nor, in effect, the last; and it refuses to create a key
    // again that was deleted a moment ago.
    if (name == "get-serializable" || name == "lease-keepalive" || name == "guarded-delete" ||
        name == "compaction") {
      workload.on_kine = false;
    }
    if (name == "mixed") workload.keys = Keys::kListed;
    if (name == "guarded-update-alone") workload.clients = 1;
    if (name == "guarded-update-16") {
      // The one whose bytes are compared: a part of them is written once for tens of MiB of log.
      workload.clients = 16;
      workload.duration = std::chrono::seconds(8);
    }
    if (name == "watch-burst-50") workload.watchers = 50;
    if (name == "watch-steady-500") workload.watchers = 500, workload.watch_rate = 40;
    if (name == "watch-steady-10000") workload.watchers = 10000, workload.watch_rate = 2;
    if (name == "watch-across") workload.servers = 2;
  }
  return all;
}

}  // namespace

const std::vector<Workload>& Workloads() {
  static const auto& workloads = *new std::vector<Workload>(MakeWorkloads());
  return workloads;
}

const Workload* FindWorkload(const std::string& name) {
  const auto found = std::ranges::find(Workloads(), name, &Workload::name);
  return found == Workloads().end() ? nullptr : &*found;
}

std::string FreshPrefix(const std::string& name) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return base::Concat(name, '-', std::chrono::nanoseconds(now).count());
}

absl::Status Fill(Connections& connections, const LoadOptions& options, Keys keys) {
  if (keys == Keys::kNone) return absl::OkStatus();
  const std::string prefix = keys == Keys::kListed ? kListed : kCounted;
  const int64_t count = keys == Keys::kListed ? options.list_keys : options.count_keys;
  const size_t size = keys == Keys::kListed ? options.value_size : options.value_size / 2;
  // Not by a count alone, which kine takes only as an API server asks for it.
  etcdserverpb::RangeRequest request = ListRequest(prefix, 1);
  etcdserverpb::RangeResponse response;
  RETURN_IF_ERROR(connections.Call(kRange, request, &response));
  if (response.count() > 0) {
    if (response.count() == count && response.kvs(0).value().size() == size) {
      return absl::OkStatus();
    }
    return absl::FailedPreconditionError(
        base::Concat("the server has ", response.count(), " keys of ",
                     response.kvs(0).value().size(), " bytes below ", PrefixOf(prefix), ", not ",
                     count, " of ", size, ": delete them (etcdctl del --prefix ", PrefixOf(prefix),
                     ") or give the key counts and the value size of the earlier run"));
  }
  // One by one as a Kubernetes API server would: kine knows no other way.
  GuardedCreateCalls calls(prefix, size);
  Loop loop(connections, calls, {.clients = options.clients, .on_progress = options.on_progress});
  return loop.RunCount(static_cast<uint64_t>(count));
}

absl::StatusOr<Result> RunWorkload(const Workload& workload, Connections& connections,
                                   LoadOptions options, const ProcessGroup& processes) {
  if (workload.clients > 0) options.clients = workload.clients;
  if (workload.watchers > 0) options.watchers = workload.watchers;
  if (workload.watch_rate > 0) options.watch_rate = workload.watch_rate;
  options.duration = std::max(options.duration, workload.duration);
  return workload.run(connections, options, processes);
}

}  // namespace kvshim::bench
