// Engine::Parts: what an engine is put together from, how it starts and how it stops.
//
// Members start in their order and stop in the reverse one. On a database that this process has
// alone (SQLite) there are no members, no read index and no renewer: nobody else writes.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/metrics.h"
#include "lease/lessor.h"
#include "log/log.h"
#include "mvcc/index.h"
#include "store/alarms.h"
#include "store/auto_compactor.h"
#include "store/commit_samples.h"
#include "store/committer.h"
#include "store/compactor.h"
#include "store/doubt.h"
#include "store/engine.h"
#include "store/engine_metrics.h"
#include "store/hub_pump.h"
#include "store/known_head.h"
#include "store/lease_keeper.h"
#include "store/lease_renewer.h"
#include "store/members.h"
#include "store/publisher.h"
#include "store/read_index.h"
#include "store/reader.h"
#include "store/replica.h"
#include "store/watch_history.h"

namespace kvshim::store {

struct Engine::Parts {
  Parts(const StoreOptions& store_options, const EngineSeams& engine_seams);
  ~Parts();
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  // Opens the database, loads it, starts everything. `engine` is complete by then.
  absl::Status Start(const std::string& dsn, Engine& engine);

  // Of the database server; unknown where this process has the database alone.
  sql::Lineage Lineage() const;

  // Whether the maintenance is this server's: it has the database alone, or owns it.
  bool IsOwner() const { return members == nullptr || members->IsOwner(); }

  // Runs `read` once memory holds all that was committed before now, or with an error where that
  // cannot be known; at once where this process has the database alone or `serializable`.
  template <typename Read>
  void WhenCurrent(bool serializable, Read read) {
    if (read_index == nullptr || serializable) {
      read(absl::OkStatus());
    } else {
      read_index->Await(std::move(read));
    }
  }

  const StoreOptions options;
  const EngineSeams seams;
  const std::string name;
  std::vector<std::string> client_urls;
  base::MetricsRegistry metrics;
  EngineMetrics metrics_of;
  CommitSamples samples;
  std::unique_ptr<log::Log> log;
  uint64_t member_id = 0;
  mvcc::Index index;
  lease::Lessor lessor;
  Alarms alarms;
  Replica replica;
  Doubt doubt;
  std::unique_ptr<KnownHead> known_head;
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
  std::unique_ptr<LeaseRenewer> renewer;
  std::unique_ptr<Members> members;
  std::unique_ptr<Compactor> compactor;
  std::unique_ptr<Committer> committer;
  std::unique_ptr<ReadIndex> read_index;
  std::unique_ptr<AutoCompactor> auto_compactor;

  // Whom else to tell of this server's batches.
  base::Mutex news_mutex;
  std::function<void(int64_t seq)> on_news GUARDED_BY(news_mutex);
  std::function<void()> on_suspicion GUARDED_BY(news_mutex);
  std::optional<PeerLinks> links GUARDED_BY(news_mutex);

 private:
  std::atomic<int64_t> compacted_at_{0};  // the seq of the newest compaction

  absl::Status OpenLog(const std::string& dsn);
  // Has a database server refused that was replaced by the one of this server's last run.
  void RememberLineage();
  // Compares what the database holds with what this server knew at its last run.
  absl::Status CheckHistory();
  absl::Status JoinMembers();
  // As in Committer::Parts.
  void SendAhead(const log::Head& head, const log::Batch& batch) EXCLUDES(news_mutex);
  void Announce(const log::Head& head) EXCLUDES(news_mutex);
  // Has a batch with this gc_floor committed.
  absl::Status RaiseFloor(int64_t floor);
  void AddGauges();
};

}  // namespace kvshim::store
