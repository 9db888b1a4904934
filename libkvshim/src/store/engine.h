// Engine: the Store over a revisioned log in SQL. It joins the parts: the index answers reads, the
// committer writes, the hub tells watchers, the lessor keeps leases, the compactor reclaims.
//
// Thread safety: as Store.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, Engine::Open("sqlite://./db/state.db", {}));
//   engine->Put({.key = "/a", .value = "1"}, [](absl::StatusOr<PutResponse> response) { ... });
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "kvshim/store.h"
#include "sql/database.h"
#include "sql/fault_point.h"
#include "store/claim.h"
#include "store/relay.h"
#include "watch/hub.h"

namespace kvshim::store {

// A server on the database.
struct Member {
  uint64_t id = 0;
  std::string name;
  std::vector<std::string> client_urls;
  uint64_t applied_sequence = 0;  // how far its memory was at its last beat
  bool has_beaten = false;        // it was seen living on this database, not only its row
};

// The links over which other servers follow this one.
struct PeerLinks {
  std::function<size_t()> count;                // how many there are
  std::function<void(std::string frame)> send;  // to all of them; returns at once
};

// What tests exchange.
struct EngineSeams {
  base::Clock* clock = &base::Clock::Real();
  sql::FaultHook fault;
  // Gives the database in place of the one that the DSN names.
  std::function<std::unique_ptr<sql::Database>()> database;
  // How long a database may look as if it had lost commits, or were another than that of the other
  // servers, before that is believed.
  base::Duration fork_patience = std::chrono::seconds(10);
};

class Engine final : public Store {
 public:
  static absl::StatusOr<std::unique_ptr<Engine>> Open(const std::string& dsn,
                                                      const StoreOptions& options,
                                                      EngineSeams seams = {});
  ~Engine() override;

  using Store::Compact;
  using Store::DeleteRange;
  using Store::LeaseGrant;
  using Store::LeaseKeepAlive;
  using Store::LeaseRevoke;
  using Store::LeaseTimeToLive;
  using Store::Put;
  using Store::Range;
  using Store::Txn;

  void Range(RangeRequest request, Callback<RangeResponse> done) override;
  void Put(PutRequest request, Callback<PutResponse> done) override;
  void DeleteRange(DeleteRangeRequest request, Callback<DeleteRangeResponse> done) override;
  void Txn(TxnRequest request, Callback<TxnResponse> done) override;
  void Compact(CompactRequest request, Callback<CompactResponse> done) override;
  void LeaseGrant(LeaseGrantRequest request, Callback<LeaseGrantResponse> done) override;
  void LeaseRevoke(LeaseId id, Callback<LeaseRevokeResponse> done) override;
  void LeaseKeepAlive(LeaseId id, Callback<LeaseKeepAliveResponse> done) override;
  void LeaseTimeToLive(LeaseId id, bool keys, Callback<LeaseTimeToLiveResponse> done) override;
  void LeaseLeases(Callback<LeaseLeasesResponse> done) override;
  absl::StatusOr<std::unique_ptr<Watch>> StartWatch(
      WatchRequest request, std::function<void(const WatchResponse&)> observer) override;
  StoreStatus Status() override;
  void Hash(int64_t revision, Callback<HashResult> done) override;
  void Defragment(Callback<bool> done) override;
  void SetAlarm(Alarm alarm, Callback<bool> done) override;
  void ClearAlarm(Alarm alarm, Callback<bool> done) override;
  void Snapshot(std::function<bool(const SnapshotPiece&)> sink, Callback<bool> done) override;

  // For servers: transports open their watch streams on it. It is shut down, and every stream of it
  // must be closed, before the engine is destroyed.
  watch::Hub& hub();
  // Where the engine's metrics are, and where servers add theirs.
  base::MetricsRegistry& metrics();

  // Constant while the engine lives.
  uint64_t cluster_id() const;
  uint64_t member_id() const;
  // The history's epoch.
  uint64_t term() const;
  const std::string& name() const;
  // The server that owns the maintenance; this one where there is no other.
  uint64_t leader_id() const;
  // The servers that live, this one among them.
  std::vector<Member> members() const;
  // Where clients reach this server; to be called once, before it serves.
  void SetClientUrls(const std::vector<std::string>& urls);
  // `on_news` is called with each batch that this server commits while others live: quickly, or not
  // at all any more once an empty function is set.
  void OnNews(std::function<void(int64_t sequence)> on_news);
  // Batches that this server commits are sent over `links`, whose functions are called until they
  // are taken back with nullopt.
  void SetLinks(std::optional<PeerLinks> links);
  // For a link to the owner, where that is another server on this database that lives.
  Relay& relay();
  std::optional<Member> owner_elsewhere() const;
  // What servers of the database know each other by; empty: they do not link.
  const std::string& peer_secret() const;
  // Another server says that it has committed a batch: the database is read soon.
  void Nudge(int64_t sequence);
  // What this server holds, to be told to the others.
  Claim claim() const;
  // A hint that came in, of whomever: what contradicts memory has `on_suspicion` called, and is not
  // believed otherwise.
  void HearHint(const Claim& claim);
  // `on_suspicion` should have the other servers asked soon, and return at once.
  void OnSuspicion(std::function<void()> on_suspicion);
  // The answer of a server at `address` that was asked, and that has_beaten.
  void Hear(const std::string& address, const Claim& claim);
  // OK while reads can be linearizable and writes go through, as far as is known; kUnavailable
  // where the database has been away for some seconds, or where there are two histories.
  absl::Status Health() const;
  // mvcc::BadLeaderTransferee, mvcc::NotLeader.
  void MoveLeader(uint64_t member_id, Callback<bool> done);
  std::vector<Alarm> alarms() const;
  // The newest revision committed and visible.
  int64_t revision() const;

 private:
  struct Parts;
  explicit Engine(std::unique_ptr<Parts> parts);

  // Evaluates on the index, linearizably unless `serializable`.
  template <typename Response, typename Evaluate>
  void Read(bool serializable, Evaluate evaluate, Callback<Response> done);
  // Runs `work` on a thread for what takes long.
  template <typename Result, typename Work>
  void Maintain(Callback<Result> done, Work work);

  std::unique_ptr<Parts> parts_;
};

}  // namespace kvshim::store
