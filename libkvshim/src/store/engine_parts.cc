#include "store/engine_parts.h"

#include <unistd.h>

#include <functional>
#include <future>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/chain.h"
#include "mvcc/errors.h"
#include "sql/shared_database.h"
#include "store/peer_frames.h"
#include "store/quota.h"

namespace kvshim::store {
namespace {

constexpr size_t kQueuedReads = 4096;
constexpr size_t kQueuedMaintenance = 64;

std::string NameOf(const StoreOptions& options) {
  if (!options.name.empty()) return options.name;
  char host[256] = {};
  return gethostname(host, sizeof(host) - 1) == 0 ? host : "kvshim";
}

}  // namespace

Engine::Parts::Parts(const StoreOptions& store_options, const EngineSeams& engine_seams)
    : options(store_options),
      seams(engine_seams),
      name(NameOf(options)),
      metrics_of(metrics),
      index(options.memory_budget),
      lessor(*seams.clock),
      replica(index, lessor, alarms),
      doubt(replica),
      reads({.name = "kv-read", .threads = options.sql_threads, .max_queued = kQueuedReads}),
      maintenance({.name = "kv-maintenance", .threads = 2, .max_queued = kQueuedMaintenance}),
      observers({.name = "kv-observer", .threads = 1}),
      timers({.name = "kv-timer", .threads = 1, .clock = seams.clock}),
      pump(*seams.clock) {}

Engine::Parts::~Parts() {
  // Requests first, then what answers them; the log last.
  timers.Stop();
  if (compactor) compactor->Stop();
  if (read_index) read_index->Stop();
  if (renewer) renewer->Stop();
  if (committer) committer->Stop();
  if (keeper) keeper->Stop();
  if (publisher) publisher->Stop();
  if (members) members->Stop();
  reads.Stop();
  maintenance.Stop();
  if (hub) hub->Shutdown(mvcc::Stopped());
  pump.Stop();
  observers.Stop();
  // It tells the committer of news, from a thread of its own.
  log.reset();
}

absl::Status Engine::Parts::OpenLog(const std::string& dsn) {
  ASSIGN_OR_RETURN(const uint64_t own_id, log::RandomId());
  log::Options log_options{.writer = static_cast<int64_t>(own_id),
                           .on_commit =
                               [this](const sql::CommitSample& sample) {
                                 samples.Add(sample);
                                 metrics_of.OnCommit(sample);
                               },
                           .fault = seams.fault,
                           .network = {.ca_file = options.database_ca_file,
                                       .cert_file = options.database_cert_file,
                                       .key_file = options.database_key_file,
                                       .skip_verify = options.database_skip_verify,
                                       .timeout = options.database_timeout,
                                       .connections = options.database_connections}};
  if (seams.database) {
    ASSIGN_OR_RETURN(log, log::Log::Open(seams.database(), std::move(log_options)));
  } else {
    ASSIGN_OR_RETURN(const sql::Dsn parsed, sql::Dsn::Parse(dsn));
    ASSIGN_OR_RETURN(log, log::Log::Open(parsed, std::move(log_options)));
  }
  member_id = log->shared() != nullptr ? own_id : log->identity().member_id;
  RememberLineage();
  RETURN_IF_ERROR(replica.Reload(*log));
  return CheckHistory();
}

sql::Lineage Engine::Parts::Lineage() const {
  sql::SharedDatabase* const shared = log->shared();
  return shared == nullptr ? sql::Lineage() : shared->lineage();
}

void Engine::Parts::RememberLineage() {
  sql::SharedDatabase* const shared = log->shared();
  doubt.SetDatabase(shared);
  known_head =
      std::make_unique<KnownHead>(shared != nullptr ? options.state_directory : "",
                                  log->identity().cluster_id, [this] { return Lineage(); });
  if (!known_head->mark().has_value() || shared == nullptr) return;
  const sql::Lineage& known = known_head->mark()->lineage;
  if (shared->lineage().IsReplacedBy(known)) {
    base::Log(base::Level::kError,
              "the database server has been replaced by another, which this server knew; it is not "
              "used. Stop it, or, if it is the right one, remove the file",
              {{"database", log->name()},
               {"timeline", shared->lineage().timeline},
               {"timeline_known", known.timeline},
               {"file", known_head->path()}});
  }
  shared->RefuseBefore(known);
}

absl::Status Engine::Parts::CheckHistory() {
  const std::optional<KnownHead::Mark>& mark = known_head->mark();
  if (!mark.has_value() || replica.head().epoch > mark->epoch) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<bool> holds, log->Holds(mark->seq, mark->nonce));
  if (holds.value_or(true)) return absl::OkStatus();
  if (options.on_lost_history == LostHistory::kBump) {
    base::Log(base::Level::kError, "the database has lost commits; another history begins",
              {{"revision_seen", mark->revision}, {"revision", replica.head().revision}});
    return replica.BeginEpoch(*log, mark->revision);
  }
  return absl::DataLossError(base::Concat(
      "database ", log->name(), " has lost commits that were acknowledged: this server knew ",
      mark->seq, " batches up to revision ", mark->revision, ", now there are ", replica.head().seq,
      " up to ", replica.head().revision,
      ". Bring the lost ones back, or start once with --on-lost-history=bump, which begins another "
      "history above all revisions seen (clients list and watch anew)"));
}

absl::Status Engine::Parts::JoinMembers() {
  sql::SharedDatabase* const shared = log->shared();
  if (shared == nullptr) return absl::OkStatus();
  renewer =
      std::make_unique<LeaseRenewer>(*shared, lessor, index, options.request_timeout, metrics);
  members = std::make_unique<Members>(
      *shared, replica, lessor, Members::Self{.id = static_cast<int64_t>(member_id), .name = name},
      [this] { compactor->Sweep(); });
  return absl::OkStatus();
}

absl::Status Engine::Parts::Start(const std::string& dsn, Engine& engine) {
  const base::TimePoint started = base::Clock::Real().Now();
  RETURN_IF_ERROR(OpenLog(dsn));
  const log::Head head = replica.head();

  reader = std::make_unique<Reader>(index, *log, reads, metrics,
                                    [this] { return read_index->AwaitHere(); });
  history = std::make_unique<WatchHistory>(index, *reader);
  hub = std::make_unique<watch::Hub>(
      *history, head.revision,
      watch::HubOptions{.stream_buffer = options.watch_stream_buffer,
                        .progress_interval = options.watch_progress_interval,
                        .clock = seams.clock,
                        .wake = [this] { pump.Wake(); }});
  publisher = std::make_unique<Publisher>(*hub);
  keeper = std::make_unique<LeaseKeeper>(
      lessor, index, timers, *seams.clock, metrics,
      [this](std::unique_ptr<Proposal> proposal) { committer->Submit(std::move(proposal)); },
      [this] { return IsOwner(); });
  RETURN_IF_ERROR(JoinMembers());
  compactor = std::make_unique<Compactor>(
      *log, index, options, metrics,
      Compactor::Duties{.raise_floor = [this](int64_t floor) { return RaiseFloor(floor); },
                        .may_delete = [this] { return IsOwner(); }});
  replica.OnApplied([this](const Replica::Applied& applied) {
    keeper->Applied(applied.ops);
    if (!applied.compacted) return;
    compacted_at_.store(applied.head.seq);
    compactor->Compacted(applied.head.compact_revision);
  });
  committer = std::make_unique<Committer>(
      Committer::Parts{.log = *log,
                       .index = index,
                       .lessor = lessor,
                       .alarms = alarms,
                       .replica = replica,
                       .known_head = *known_head,
                       .doubt = doubt,
                       .reader = *reader,
                       .publisher = *publisher,
                       .hub = *hub,
                       .metrics = metrics,
                       .clock = *seams.clock,
                       .member_id = member_id,
                       .fork_patience = seams.fork_patience,
                       .send_ahead = [this](const log::Head& head,
                                            const log::Batch& batch) { SendAhead(head, batch); },
                       .announce = [this](const log::Head& head) { Announce(head); }},
      options);
  if (sql::SharedDatabase* const shared = log->shared(); shared != nullptr) {
    read_index = std::make_unique<ReadIndex>(*log, replica, doubt, options.request_timeout, metrics,
                                             [this](int64_t seq) { committer->Nudge(seq); });
    RETURN_IF_ERROR(members->Start());
    shared->Listen([this](int64_t seq) { committer->Nudge(seq); });
  }
  auto_compactor = std::make_unique<AutoCompactor>(
      index, options, timers, *seams.clock, [this, &engine](int64_t revision) {
        if (!IsOwner()) return;
        engine.Compact({.revision = revision}, [](absl::StatusOr<CompactResponse>) {});
      });
  AddGauges();
  base::AddProcessMetrics(metrics);
  pump.Start(*hub);
  keeper->Start();
  auto_compactor->Start();
  // What a crash in the middle of a compaction left behind.
  if (head.compact_revision > 0) compactor->Compacted(head.compact_revision);

  const mvcc::IndexStats stats = index.stats();
  base::Log(base::Level::kInfo, "opened the database",
            {{"database", log->name()},
             {"revision", head.revision},
             {"keys", stats.keys},
             {"versions", stats.versions},
             {"leases", lessor.size()},
             {"took", base::Clock::Real().Now() - started}});
  if (!log->durable()) {
    base::Log(base::Level::kWarning,
              "the database does not make commits durable: acknowledged writes can be lost with "
              "the power",
              {{"database", log->name()}});
  }
  return absl::OkStatus();
}

void Engine::Parts::SendAhead(const log::Head& head, const log::Batch& batch) {
  base::MutexLock lock(news_mutex);
  if (!links.has_value() || links->count() == 0) return;
  links->send(FrameOf({.writer = static_cast<int64_t>(member_id), .lineage = Lineage()}, head,
                      batch.rows, batch.ops));
}

void Engine::Parts::Announce(const log::Head& head) {
  if (members == nullptr) return;
  base::MutexLock lock(news_mutex);
  // It is in this database, which may not be the one that counts.
  const size_t told = links.has_value() && !doubt.raised() ? links->count() : 0;
  // A server that has just begun is linked before it is seen in the table of members.
  if (told == 0 && !members->has_others()) return;
  if (told > 0) {
    links->send(FrameOf(PeerCommit{.seq = head.seq, .nonce = head.nonce}));
    // Who got the batch need not be told that there is one.
    if (told >= members->others()) return;
  }
  log->shared()->Announce(head.seq);
  if (on_news) on_news(head.seq);
}

absl::Status Engine::Parts::RaiseFloor(int64_t floor) {
  if (members != nullptr) {
    // A server whose memory is not past the compaction may still want these rows.
    const int64_t needed = compacted_at_.load();
    if (members->applied_everywhere() < needed) {
      return absl::UnavailableError("another server has not come to the compaction yet");
    }
  }
  std::promise<absl::Status> raised;
  auto proposal = Propose<bool>(
      [floor](OpenBatch& batch, const mvcc::Index::View&, mvcc::Values&) -> absl::StatusOr<bool> {
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
        [this] { return IsOwner() ? 1.0 : 0.0; });
  gauge("etcd_server_leader_changes_seen_total", "The number of leader changes seen.",
        [] { return 0.0; });
  gauge("etcd_server_slow_apply_total", "The total number of slow apply requests.",
        [] { return 0.0; });
  gauge("etcd_server_proposals_pending", "The current number of pending proposals to commit.",
        [this] { return static_cast<double>(committer->queued()); });
  gauge("etcd_server_proposals_applied_total", "The total number of consensus proposals applied.",
        [this] { return static_cast<double>(replica.sequence()); });
  gauge("etcd_server_quota_backend_bytes", "Current backend storage quota size in bytes.",
        [this] { return static_cast<double>(QuotaOf(options, *log)); });
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

}  // namespace kvshim::store
