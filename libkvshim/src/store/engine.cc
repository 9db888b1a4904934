#include "store/engine.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <utility>

#include "base/executor.h"
#include "base/logger.h"
#include "base/status.h"
#include "lease/lessor.h"
#include "log/log.h"
#include "mvcc/errors.h"
#include "mvcc/index.h"
#include "mvcc/range_read.h"
#include "mvcc/request_check.h"
#include "store/alarms.h"
#include "store/auto_compactor.h"
#include "store/commit_samples.h"
#include "store/committer.h"
#include "store/compactor.h"
#include "store/engine_metrics.h"
#include "store/hub_pump.h"
#include "store/kv_hash.h"
#include "store/lease_keeper.h"
#include "store/local_watch.h"
#include "store/publisher.h"
#include "store/reader.h"
#include "store/restorer.h"
#include "store/watch_history.h"

namespace kvshim::store {
namespace {

using mvcc::Index;
using mvcc::Values;

constexpr size_t kQueuedReads = 4096;
constexpr size_t kQueuedMaintenance = 64;

std::string NameOf(const StoreOptions& options) {
  if (!options.name.empty()) return options.name;
  char host[256] = {};
  return gethostname(host, sizeof(host) - 1) == 0 ? host : "kvshim";
}

// What a request adds to the database, about.
size_t BytesOf(const PutRequest& request) { return request.key.size() + request.value.size(); }
size_t BytesOf(const TxnRequest& request) {
  size_t bytes = 0;
  for (const auto* ops : {&request.success, &request.failure}) {
    for (const RequestOp& op : *ops) {
      if (const auto* put = std::get_if<PutRequest>(&op)) bytes += BytesOf(*put);
      if (const auto* txn = std::get_if<std::unique_ptr<TxnRequest>>(&op)) bytes += BytesOf(**txn);
    }
  }
  return bytes;
}

}  // namespace

// Members start in this order and stop in the reverse one.
struct Engine::Parts {
  Parts(const StoreOptions& store_options, const EngineSeams& engine_seams)
      : options(store_options),
        seams(engine_seams),
        name(NameOf(options)),
        metrics_of(metrics),
        index(options.memory_budget),
        lessor(*seams.clock),
        reads({.name = "kv-read", .threads = options.sql_threads, .max_queued = kQueuedReads}),
        maintenance({.name = "kv-maintenance", .threads = 2, .max_queued = kQueuedMaintenance}),
        observers({.name = "kv-observer", .threads = 1}),
        timers({.name = "kv-timer", .threads = 1, .clock = seams.clock}),
        pump(*seams.clock) {}

  ~Parts() {
    // Requests first, then what answers them; the log last.
    timers.Stop();
    if (compactor) compactor->Stop();
    if (committer) committer->Stop();
    if (keeper) keeper->Stop();
    if (publisher) publisher->Stop();
    reads.Stop();
    maintenance.Stop();
    if (hub) hub->Shutdown(mvcc::Stopped());
    pump.Stop();
    observers.Stop();
  }

  // Has a batch with this gc_floor committed.
  absl::Status RaiseFloor(int64_t floor) {
    std::promise<absl::Status> raised;
    auto proposal = Propose<bool>(
        [floor](OpenBatch& batch, const Index::View&, Values&) -> absl::StatusOr<bool> {
          if (floor > batch.gc_floor) {
            batch.gc_floor = floor;
            batch.raises_floor = true;
          }
          return true;
        },
        [&](absl::StatusOr<bool> result) { raised.set_value(result.status()); });
    proposal->despite_corruption = true;
    committer->Submit(std::move(proposal));
    return raised.get_future().get();
  }

  void AddGauges();

  const StoreOptions options;
  const EngineSeams seams;
  const std::string name;
  base::MetricsRegistry metrics;
  EngineMetrics metrics_of;
  CommitSamples samples;
  std::unique_ptr<log::Log> log;
  Index index;
  lease::Lessor lessor;
  Alarms alarms;
  base::Executor reads;
  base::Executor maintenance;
  base::Executor observers;
  base::Executor timers;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<WatchHistory> history;
  HubPump pump;
  std::unique_ptr<watch::Hub> hub;
  std::unique_ptr<Publisher> publisher;
  std::unique_ptr<LeaseKeeper> keeper;
  std::unique_ptr<Committer> committer;
  std::unique_ptr<Compactor> compactor;
  std::unique_ptr<AutoCompactor> auto_compactor;
  uint64_t term = 1;
};

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::~Engine() = default;

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(const std::string& dsn,
                                                     const StoreOptions& options,
                                                     EngineSeams seams) {
  ASSIGN_OR_RETURN(const sql::Dsn parsed, sql::Dsn::Parse(dsn));
  auto owned = std::make_unique<Parts>(options, seams);
  Parts& parts = *owned;
  const base::TimePoint started = base::Clock::Real().Now();
  ASSIGN_OR_RETURN(parts.log,
                   log::Log::Open(parsed, {.on_commit =
                                               [&parts](const sql::CommitSample& sample) {
                                                 parts.samples.Add(sample);
                                                 parts.metrics_of.OnCommit(sample);
                                               },
                                           .fault = seams.fault}));
  Restorer restorer(parts.index);
  RETURN_IF_ERROR(parts.log->Load(restorer));
  restorer.Finish();
  parts.lessor.Restore(restorer.leases());
  for (const Alarm& alarm : restorer.alarms()) parts.alarms.Set(alarm);
  const log::Head& head = restorer.head();
  parts.term = static_cast<uint64_t>(head.epoch);

  parts.reader = std::make_unique<Reader>(parts.index, *parts.log, parts.reads, parts.metrics);
  parts.history = std::make_unique<WatchHistory>(parts.index, *parts.reader);
  parts.hub = std::make_unique<watch::Hub>(
      *parts.history, head.revision,
      watch::HubOptions{.stream_buffer = options.watch_stream_buffer,
                        .progress_interval = options.watch_progress_interval,
                        .clock = seams.clock,
                        .wake = [&parts] { parts.pump.Wake(); }});
  parts.publisher = std::make_unique<Publisher>(*parts.hub);
  parts.keeper =
      std::make_unique<LeaseKeeper>(parts.lessor, parts.index, parts.timers, *seams.clock,
                                    parts.metrics, [&parts](std::unique_ptr<Proposal> proposal) {
                                      parts.committer->Submit(std::move(proposal));
                                    });
  parts.compactor =
      std::make_unique<Compactor>(*parts.log, parts.index, options, parts.metrics,
                                  [&parts](int64_t floor) { return parts.RaiseFloor(floor); });
  parts.committer =
      std::make_unique<Committer>(Committer::Parts{.log = *parts.log,
                                                   .index = parts.index,
                                                   .lessor = parts.lessor,
                                                   .alarms = parts.alarms,
                                                   .reader = *parts.reader,
                                                   .publisher = *parts.publisher,
                                                   .hub = *parts.hub,
                                                   .metrics = parts.metrics,
                                                   .clock = *seams.clock},
                                  options, head, [&parts](const OpenBatch& batch) {
                                    parts.keeper->Applied(batch.leases);
                                    if (batch.compacts)
                                      parts.compactor->Compacted(batch.compact_revision);
                                  });
  auto engine = std::unique_ptr<Engine>(new Engine(std::move(owned)));
  parts.auto_compactor = std::make_unique<AutoCompactor>(
      parts.index, options, parts.timers, *seams.clock, [&engine = *engine](int64_t revision) {
        engine.Compact({.revision = revision}, [](absl::StatusOr<CompactResponse>) {});
      });
  parts.AddGauges();
  base::AddProcessMetrics(parts.metrics);
  parts.pump.Start(*parts.hub);
  parts.keeper->Start();
  parts.auto_compactor->Start();
  // What a crash in the middle of a compaction left behind.
  if (head.compact_revision > 0) parts.compactor->Compacted(head.compact_revision);

  const mvcc::IndexStats stats = parts.index.stats();
  base::Log(base::Level::kInfo, "opened the database",
            {{"database", parts.log->name()},
             {"revision", head.revision},
             {"keys", stats.keys},
             {"versions", stats.versions},
             {"leases", parts.lessor.size()},
             {"took", base::Clock::Real().Now() - started}});
  if (!parts.log->durable()) {
    base::Log(base::Level::kWarning,
              "the database does not make commits durable: acknowledged writes can be lost with "
              "the power",
              {{"database", parts.log->name()}});
  }
  return engine;
}

void Engine::Parts::AddGauges() {
  const auto gauge = [&](const std::string& name, const std::string& help,
                         std::function<double()> read) {
    metrics.AddGauge(name, help, {}, std::move(read));
  };
  const auto size = [this](auto field) {
    const auto bytes = log->Size();
    return bytes.ok() ? static_cast<double>((*bytes).*field) : 0.0;
  };
  gauge("etcd_server_has_leader", "Whether or not a leader exists. 1 is existence, 0 is not.",
        [] { return 1.0; });
  gauge("etcd_server_is_leader", "Whether or not this member is a leader. 1 if is, 0 otherwise.",
        [] { return 1.0; });
  gauge("etcd_server_leader_changes_seen_total", "The number of leader changes seen.",
        [] { return 0.0; });
  gauge("etcd_server_slow_apply_total", "The total number of slow apply requests.",
        [] { return 0.0; });
  gauge("etcd_server_proposals_pending", "The current number of pending proposals to commit.",
        [this] { return static_cast<double>(committer->queued()); });
  gauge("etcd_server_proposals_applied_total", "The total number of consensus proposals applied.",
        [this] { return static_cast<double>(committer->sequence()); });
  gauge("etcd_server_quota_backend_bytes", "Current backend storage quota size in bytes.",
        [this] { return static_cast<double>(options.quota_bytes); });
  gauge("etcd_mvcc_db_total_size_in_bytes",
        "Total size of the underlying database physically allocated in bytes.",
        [size] { return size(&sql::DatabaseSize::total); });
  gauge("etcd_mvcc_db_total_size_in_use_in_bytes",
        "Total size of the underlying database logically in use in bytes.",
        [size] { return size(&sql::DatabaseSize::in_use); });
  gauge("etcd_debugging_mvcc_keys_total", "Total number of keys.",
        [this] { return static_cast<double>(index.stats().keys); });
  gauge("etcd_debugging_mvcc_current_revision", "The current revision of store.",
        [this] { return static_cast<double>(index.revision()); });
  gauge("etcd_debugging_mvcc_compact_revision", "The revision of the last compaction in store.",
        [this] { return static_cast<double>(index.compact_revision()); });
  gauge("etcd_debugging_mvcc_watcher_total", "Total number of watchers.",
        [this] { return static_cast<double>(hub->stats().watchers); });
  gauge("etcd_debugging_mvcc_slow_watcher_total", "Total number of unsynced slow watchers.",
        [this] { return static_cast<double>(hub->stats().slow_watchers); });
  gauge("etcd_debugging_mvcc_watch_stream_total", "Total number of watch streams.",
        [this] { return static_cast<double>(hub->stats().streams); });
  gauge("etcd_debugging_mvcc_pending_events_total", "Total number of pending events to be sent.",
        [this] { return static_cast<double>(hub->stats().lag); });
  metrics.AddCounter("etcd_debugging_mvcc_events_total",
                     "Total number of events sent by this member.", {},
                     [this] { return static_cast<double>(hub->stats().events_sent); });
  gauge("kvshim_watch_pending_bytes", "Bytes that wait for slow watch streams.",
        [this] { return static_cast<double>(hub->stats().pending_bytes); });
  gauge("kvshim_watch_lag_revisions", "Revisions that the watcher furthest behind has to hear of.",
        [this] { return static_cast<double>(hub->stats().lag); });
  gauge("kvshim_index_versions", "Versions of all keys that are retained.",
        [this] { return static_cast<double>(index.stats().versions); });
  gauge("kvshim_cache_bytes", "Bytes of values in memory.",
        [this] { return static_cast<double>(index.stats().cached_bytes); });
  metrics.AddCounter("kvshim_cache_evicted_values_total",
                     "Values that left memory for the memory budget.", {},
                     [this] { return static_cast<double>(index.stats().evicted); });
  gauge("kvshim_leases", "Leases that exist.",
        [this] { return static_cast<double>(lessor.size()); });
  gauge("kvshim_wal_bytes", "Bytes of the database's write-ahead log.",
        [this] { return static_cast<double>(log->Stats().wal_bytes); });
  metrics.AddCounter("kvshim_checkpoints_total", "Checkpoints of the write-ahead log.", {},
                     [this] { return static_cast<double>(log->Stats().checkpoints); });
}

// Reads ------------------------------------------------------------------------------------------

void Engine::Range(RangeRequest request, Callback<RangeResponse> done) {
  if (absl::Status refused = mvcc::Check(request); !refused.ok()) return done(refused);
  parts_->metrics_of.ranges.Increment();
  if (parts_->alarms.corrupt()) return done(mvcc::Corrupt());
  parts_->reader->Read<RangeResponse>(
      [request = std::move(request)](const Index::View& view,
                                     Values& values) -> absl::StatusOr<RangeResponse> {
        const int64_t revision = request.revision > 0 ? request.revision : view.revision();
        RETURN_IF_ERROR(view.CheckReadable(revision));
        RangeResponse response = mvcc::ReadRange(request, mvcc::IndexState(view, revision), values);
        response.revision = view.revision();
        return response;
      },
      std::move(done));
}

void Engine::Txn(TxnRequest request, Callback<TxnResponse> done) {
  Parts& parts = *parts_;
  if (absl::Status refused = mvcc::Check(request, parts.options.max_txn_ops); !refused.ok()) {
    return done(refused);
  }
  parts.metrics_of.txns.Increment();
  if (mvcc::IsReadOnly(request)) {
    if (parts.alarms.corrupt()) return done(mvcc::Corrupt());
    parts.reader->Read<TxnResponse>(
        [&parts, request = std::move(request)](const Index::View& view, Values& values) {
          mvcc::WriteBatch nothing(view.revision(), parts.lessor);
          return nothing.Txn(view, request, values);
        },
        std::move(done));
    return;
  }
  const size_t bytes = BytesOf(request);
  if (bytes > parts.options.max_request_bytes) return done(mvcc::RequestTooLarge());
  const bool puts = mvcc::HasPut(request);
  const bool history = mvcc::ReadsHistory(request);
  auto proposal = Propose<TxnResponse>(
      [request = std::move(request)](OpenBatch& batch, const Index::View& view, Values& values) {
        return batch.writes.Txn(view, request, values);
      },
      std::move(done));
  proposal->needs_space = puts;
  proposal->needs_empty_batch = history;
  proposal->bytes = bytes;
  parts.committer->Submit(std::move(proposal));
}

// Writes -----------------------------------------------------------------------------------------

void Engine::Put(PutRequest request, Callback<PutResponse> done) {
  if (absl::Status refused = mvcc::Check(request); !refused.ok()) return done(refused);
  const size_t bytes = BytesOf(request);
  if (bytes > parts_->options.max_request_bytes) return done(mvcc::RequestTooLarge());
  parts_->metrics_of.puts.Increment();
  auto proposal = Propose<PutResponse>(
      [request = std::move(request)](OpenBatch& batch, const Index::View& view, Values& values) {
        return batch.writes.Put(view, request, values);
      },
      std::move(done));
  proposal->needs_space = true;
  proposal->bytes = bytes;
  parts_->committer->Submit(std::move(proposal));
}

void Engine::DeleteRange(DeleteRangeRequest request, Callback<DeleteRangeResponse> done) {
  if (absl::Status refused = mvcc::Check(request); !refused.ok()) return done(refused);
  parts_->metrics_of.deletes.Increment();
  parts_->committer->Submit(Propose<DeleteRangeResponse>(
      [request = std::move(request)](OpenBatch& batch, const Index::View& view, Values& values) {
        return batch.writes.DeleteRange(view, request, values);
      },
      std::move(done)));
}

void Engine::Compact(CompactRequest request, Callback<CompactResponse> done) {
  Callback<CompactResponse> answer = std::move(done);
  if (request.physical) {
    answer = [this, request,
              done = std::move(answer)](absl::StatusOr<CompactResponse> response) mutable {
      if (!response.ok()) return done(std::move(response));
      parts_->compactor->WhenReclaimed(
          request.revision,
          [response = *response, done = std::move(done)](const absl::Status& status) mutable {
            done(status.ok() ? absl::StatusOr<CompactResponse>(response) : status);
          });
    };
  }
  parts_->committer->Submit(Propose<CompactResponse>(
      [request](OpenBatch& batch, const Index::View&, Values&) -> absl::StatusOr<CompactResponse> {
        const bool never = batch.compact_revision == 0 && request.revision == 0;
        if (request.revision <= batch.compact_revision && !never) return mvcc::Compacted();
        if (request.revision > batch.writes.revision()) return mvcc::FutureRevision();
        if (request.revision > 0) {
          batch.compact_revision = request.revision;
          batch.compacts = true;
        }
        return CompactResponse{.revision = batch.writes.revision()};
      },
      std::move(answer)));
}

// Leases -----------------------------------------------------------------------------------------

void Engine::LeaseGrant(LeaseGrantRequest request, Callback<LeaseGrantResponse> done) {
  auto proposal = Propose<LeaseGrantResponse>(
      [request](OpenBatch& batch, const Index::View&,
                Values&) -> absl::StatusOr<LeaseGrantResponse> {
        ASSIGN_OR_RETURN(const lease::LeaseGrant grant, batch.leases.Grant(request));
        return LeaseGrantResponse{
            .revision = batch.writes.revision(), .id = grant.id, .ttl = grant.ttl};
      },
      std::move(done));
  proposal->needs_space = true;
  parts_->committer->Submit(std::move(proposal));
}

void Engine::LeaseRevoke(LeaseId id, Callback<LeaseRevokeResponse> done) {
  parts_->committer->Submit(Propose<LeaseRevokeResponse>(
      [id](OpenBatch& batch, const Index::View& view,
           Values& values) -> absl::StatusOr<LeaseRevokeResponse> {
        RETURN_IF_ERROR(batch.leases.Revoke(id));
        batch.writes.DeleteKeysOf(view, id, values);
        return LeaseRevokeResponse{.revision = batch.writes.revision()};
      },
      std::move(done)));
}

void Engine::LeaseKeepAlive(LeaseId id, Callback<LeaseKeepAliveResponse> done) {
  parts_->keeper->KeepAlive(id, std::move(done));
}

void Engine::LeaseTimeToLive(LeaseId id, bool keys, Callback<LeaseTimeToLiveResponse> done) {
  const lease::TimeToLiveOutcome outcome = parts_->lessor.TimeToLive(id);
  LeaseTimeToLiveResponse response{
      .id = id, .ttl = outcome.ttl, .granted_ttl = outcome.granted_ttl};
  {
    Index::View view(parts_->index);
    response.revision = view.revision();
    if (keys && outcome.ttl >= 0) response.keys = view.KeysOf(id);
  }
  done(std::move(response));
}

void Engine::LeaseLeases(Callback<LeaseLeasesResponse> done) {
  done(LeaseLeasesResponse{.revision = revision(), .leases = parts_->lessor.Leases()});
}

// Watches ----------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<Watch>> Engine::StartWatch(
    WatchRequest request, std::function<void(const WatchResponse&)> observer) {
  auto watch = std::make_unique<LocalWatch>(*parts_->hub, parts_->observers, std::move(observer));
  watch->Start(request);
  return watch;
}

// Maintenance ------------------------------------------------------------------------------------

StoreStatus Engine::Status() {
  Parts& parts = *parts_;
  const mvcc::IndexStats stats = parts.index.stats();
  const watch::HubStats watches = parts.hub->stats();
  const CommitSamples::Summary commits = parts.samples.Summarize();
  StoreStatus status{.cluster_id = cluster_id(),
                     .member_id = member_id(),
                     .name = name(),
                     .revision = parts.index.revision(),
                     .compact_revision = parts.index.compact_revision(),
                     .commit_sequence = parts.committer->sequence(),
                     .term = parts.term,
                     .quota_bytes = parts.options.quota_bytes,
                     .keys = stats.keys,
                     .watchers = watches.watchers,
                     .slow_watchers = watches.slow_watchers,
                     .leases = static_cast<int64_t>(parts.lessor.size()),
                     .batch_rows_mean = commits.rows_mean,
                     .commit_seconds_p50 = commits.seconds_p50,
                     .commit_seconds_p99 = commits.seconds_p99,
                     .alarms = alarms()};
  if (const auto size = parts.log->Size(); size.ok()) {
    status.database_bytes = size->total;
    status.database_bytes_in_use = size->in_use;
  }
  return status;
}

void Engine::Hash(int64_t revision, Callback<HashResult> done) {
  auto callback = std::make_shared<Callback<HashResult>>(std::move(done));
  if (!parts_->maintenance.Submit([this, revision, callback] {
        (*callback)(HashKeyValues(*parts_->log, parts_->index, revision));
      })) {
    (*callback)(mvcc::TooManyRequests());
  }
}

void Engine::Defragment(Callback<bool> done) {
  auto callback = std::make_shared<Callback<bool>>(std::move(done));
  if (!parts_->maintenance.Submit([this, callback] {
        const absl::Status status = parts_->log->Defragment();
        (*callback)(status.ok() ? absl::StatusOr<bool>(true) : status);
      })) {
    (*callback)(mvcc::TooManyRequests());
  }
}

void Engine::SetAlarm(Alarm alarm, Callback<bool> done) {
  auto proposal = Propose<bool>(
      [alarm](OpenBatch& batch, const Index::View&, Values&) -> absl::StatusOr<bool> {
        batch.alarms.emplace_back(
            log::SetAlarm{.member_id = alarm.member_id, .type = static_cast<int32_t>(alarm.type)});
        return true;
      },
      std::move(done));
  proposal->despite_corruption = true;
  parts_->committer->Submit(std::move(proposal));
}

void Engine::ClearAlarm(Alarm alarm, Callback<bool> done) {
  auto proposal = Propose<bool>(
      [this, alarm](OpenBatch& batch, const Index::View&, Values&) -> absl::StatusOr<bool> {
        bool cleared = false;
        for (const Alarm& raised : parts_->alarms.all()) {
          if (raised.type != alarm.type) continue;
          if (alarm.member_id != 0 && raised.member_id != alarm.member_id) continue;
          batch.alarms.emplace_back(log::ClearAlarm{.member_id = raised.member_id,
                                                    .type = static_cast<int32_t>(raised.type)});
          cleared = true;
        }
        return cleared;
      },
      std::move(done));
  proposal->despite_corruption = true;
  parts_->committer->Submit(std::move(proposal));
}

void Engine::Snapshot(std::function<bool(const SnapshotPiece&)> sink, Callback<bool> done) {
  auto callback = std::make_shared<Callback<bool>>(std::move(done));
  auto task = [this, callback, sink = std::move(sink)] {
    const absl::Status status = parts_->log->Snapshot([&](const log::SnapshotPiece& piece) {
      return sink({.bytes = piece.bytes, .remaining = piece.remaining});
    });
    (*callback)(status.ok() ? absl::StatusOr<bool>(true) : status);
  };
  if (!parts_->maintenance.Submit(std::move(task))) (*callback)(mvcc::TooManyRequests());
}

watch::Hub& Engine::hub() { return *parts_->hub; }
base::MetricsRegistry& Engine::metrics() { return parts_->metrics; }
uint64_t Engine::cluster_id() const { return parts_->log->identity().cluster_id; }
uint64_t Engine::member_id() const { return parts_->log->identity().member_id; }
uint64_t Engine::term() const { return parts_->term; }
const std::string& Engine::name() const { return parts_->name; }
std::vector<Alarm> Engine::alarms() const { return parts_->alarms.all(); }
int64_t Engine::revision() const { return parts_->index.revision(); }

}  // namespace kvshim::store
