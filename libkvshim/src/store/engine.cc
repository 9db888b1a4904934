#include "store/engine.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "mvcc/errors.h"
#include "mvcc/range_read.h"
#include "mvcc/request_check.h"
#include "sql/shared_database.h"
#include "store/engine_parts.h"
#include "store/kv_hash.h"
#include "store/local_watch.h"
#include "store/quota.h"
#include "store/write_proposal.h"

namespace kvshim::store {
namespace {

using mvcc::Index;
using mvcc::Values;

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

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::~Engine() = default;

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(const std::string& dsn,
                                                     const StoreOptions& options,
                                                     EngineSeams seams) {
  auto engine =
      std::unique_ptr<Engine>(new Engine(std::make_unique<Parts>(options, std::move(seams))));
  RETURN_IF_ERROR(engine->parts_->Start(dsn, *engine));
  return engine;
}

// Reads ------------------------------------------------------------------------------------------

template <typename Response, typename Evaluate>
void Engine::Read(bool serializable, Evaluate evaluate, Callback<Response> done) {
  parts_->WhenCurrent(serializable, [this, evaluate = std::move(evaluate),
                                     done = std::move(done)](const absl::Status& current) mutable {
    if (!current.ok()) return done(current);
    parts_->reader->Read<Response>(std::move(evaluate), std::move(done));
  });
}

void Engine::Range(RangeRequest request, Callback<RangeResponse> done) {
  if (absl::Status refused = mvcc::Check(request); !refused.ok()) return done(refused);
  parts_->metrics_of.ranges.Increment();
  if (parts_->alarms.corrupt()) return done(mvcc::Corrupt());
  const bool serializable = request.serializable;
  auto evaluate = [request = std::move(request)](const Index::View& view,
                                                 Values& values) -> absl::StatusOr<RangeResponse> {
    const int64_t revision = request.revision > 0 ? request.revision : view.revision();
    RETURN_IF_ERROR(view.CheckReadable(revision));
    RangeResponse response = mvcc::ReadRange(request, mvcc::IndexState(view, revision), values);
    response.revision = view.revision();
    return response;
  };
  Read<RangeResponse>(serializable, std::move(evaluate), std::move(done));
}

void Engine::Txn(TxnRequest request, Callback<TxnResponse> done) {
  Parts& parts = *parts_;
  if (absl::Status refused = mvcc::Check(request, parts.options.max_txn_ops); !refused.ok()) {
    return done(refused);
  }
  parts.metrics_of.txns.Increment();
  if (mvcc::IsReadOnly(request)) {
    if (parts.alarms.corrupt()) return done(mvcc::Corrupt());
    const bool serializable = mvcc::IsSerializable(request);
    auto evaluate = [&parts, request = std::move(request)](const Index::View& view,
                                                           Values& values) {
      mvcc::WriteBatch nothing(view.revision(), parts.lessor);
      return nothing.Txn(view, request, values);
    };
    Read<TxnResponse>(serializable, std::move(evaluate), std::move(done));
    return;
  }
  const size_t bytes = BytesOf(request);
  if (bytes > parts.options.max_request_bytes) return done(mvcc::RequestTooLarge());
  const bool puts = mvcc::HasPut(request);
  const bool history = mvcc::ReadsHistory(request);
  auto proposal =
      std::make_unique<WriteProposal<TxnRequest, TxnResponse>>(std::move(request), std::move(done));
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
  auto proposal =
      std::make_unique<WriteProposal<PutRequest, PutResponse>>(std::move(request), std::move(done));
  proposal->needs_space = true;
  proposal->bytes = bytes;
  parts_->committer->Submit(std::move(proposal));
}

void Engine::DeleteRange(DeleteRangeRequest request, Callback<DeleteRangeResponse> done) {
  if (absl::Status refused = mvcc::Check(request); !refused.ok()) return done(refused);
  parts_->metrics_of.deletes.Increment();
  parts_->committer->Submit(
      std::make_unique<WriteProposal<DeleteRangeRequest, DeleteRangeResponse>>(std::move(request),
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
  // It would be made in a database that may not be the one that counts.
  if (parts_->doubt.raised()) return done(mvcc::Unhealthy());
  if (parts_->renewer != nullptr) {
    parts_->renewer->KeepAlive(id, std::move(done));
  } else {
    parts_->keeper->KeepAlive(id, std::move(done));
  }
}

void Engine::LeaseTimeToLive(LeaseId id, bool keys, Callback<LeaseTimeToLiveResponse> done) {
  parts_->WhenCurrent(
      false, [this, id, keys, done = std::move(done)](const absl::Status& current) mutable {
        if (!current.ok()) return done(current);
        const lease::TimeToLiveOutcome outcome = parts_->lessor.TimeToLive(id);
        LeaseTimeToLiveResponse response{
            .id = id, .ttl = outcome.ttl, .granted_ttl = outcome.granted_ttl};
        {
          Index::View view(parts_->index);
          response.revision = view.revision();
          if (keys && outcome.ttl >= 0) response.keys = view.KeysOf(id);
        }
        done(std::move(response));
      });
}

void Engine::LeaseLeases(Callback<LeaseLeasesResponse> done) {
  parts_->WhenCurrent(false, [this, done = std::move(done)](const absl::Status& current) mutable {
    if (!current.ok()) return done(current);
    done(LeaseLeasesResponse{.revision = revision(), .leases = parts_->lessor.Leases()});
  });
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
                     .commit_sequence = static_cast<uint64_t>(parts.replica.sequence()),
                     .term = term(),
                     .quota_bytes = QuotaOf(parts.options, *parts.log),
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

template <typename Result, typename Work>
void Engine::Maintain(Callback<Result> done, Work work) {
  // Shared with the refusal, which happens where the task is not taken.
  auto callback = std::make_shared<Callback<Result>>(std::move(done));
  if (!parts_->maintenance.Submit(
          [callback, work = std::move(work)]() mutable { (*callback)(work()); })) {
    (*callback)(mvcc::TooManyRequests());
  }
}

void Engine::Hash(int64_t revision, Callback<HashResult> done) {
  Maintain<HashResult>(std::move(done), [this, revision] {
    return HashKeyValues(*parts_->log, parts_->index, revision);
  });
}

void Engine::Defragment(Callback<bool> done) {
  Maintain<bool>(std::move(done), [this]() -> absl::StatusOr<bool> {
    RETURN_IF_ERROR(parts_->log->Defragment());
    return true;
  });
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
  Maintain<bool>(std::move(done), [this, sink = std::move(sink)]() -> absl::StatusOr<bool> {
    RETURN_IF_ERROR(parts_->log->Snapshot([&](const log::SnapshotPiece& piece) {
      return sink({.bytes = piece.bytes, .remaining = piece.remaining});
    }));
    return true;
  });
}

watch::Hub& Engine::hub() { return *parts_->hub; }
base::MetricsRegistry& Engine::metrics() { return parts_->metrics; }
uint64_t Engine::cluster_id() const { return parts_->log->identity().cluster_id; }
uint64_t Engine::member_id() const { return parts_->member_id; }
uint64_t Engine::term() const { return static_cast<uint64_t>(parts_->replica.epoch()); }
uint64_t Engine::leader_id() const {
  return parts_->members == nullptr ? parts_->member_id
                                    : static_cast<uint64_t>(parts_->members->owner());
}

std::vector<Member> Engine::members() const {
  const Member self{.id = member_id(),
                    .name = name(),
                    .client_urls = parts_->client_urls,
                    .applied_sequence = static_cast<uint64_t>(parts_->replica.sequence())};
  if (parts_->members == nullptr) return {self};
  std::vector<Member> members;
  for (const sql::ServerRecord& server : parts_->members->live()) {
    // The table may not have its addresses yet.
    if (static_cast<uint64_t>(server.id) == self.id) {
      members.push_back(self);
      continue;
    }
    Member member{.id = static_cast<uint64_t>(server.id),
                  .name = server.name,
                  .applied_sequence = static_cast<uint64_t>(server.applied_seq),
                  .has_beaten = parts_->members->HasBeaten(server.id)};
    for (const std::string_view url : base::SplitList(server.urls, ',')) {
      member.client_urls.emplace_back(url);
    }
    members.push_back(std::move(member));
  }
  return members;
}

void Engine::SetClientUrls(const std::vector<std::string>& urls) {
  parts_->client_urls = urls;
  if (parts_->members == nullptr) return;
  parts_->members->SetUrls(base::Join(urls, ","));
}

void Engine::OnNews(std::function<void(int64_t)> on_news) {
  base::MutexLock lock(parts_->news_mutex);
  parts_->on_news = std::move(on_news);
}

void Engine::SetLinks(std::optional<PeerLinks> links) {
  base::MutexLock lock(parts_->news_mutex);
  parts_->links = std::move(links);
}

Relay& Engine::relay() { return parts_->committer->relay(); }

const std::string& Engine::peer_secret() const { return parts_->log->identity().peer_secret; }

std::optional<Member> Engine::owner_elsewhere() const {
  const uint64_t owner = leader_id();
  if (owner == member_id()) return std::nullopt;
  for (Member& member : members()) {
    if (member.id == owner && member.has_beaten && !member.client_urls.empty()) {
      return std::move(member);
    }
  }
  return std::nullopt;
}

void Engine::Nudge(int64_t sequence) { parts_->committer->Nudge(sequence); }

Claim Engine::claim() const {
  const log::Head head = parts_->replica.newest();
  return {.cluster_id = cluster_id(),
          .epoch = head.epoch,
          .seq = head.seq,
          .revision = head.revision,
          .nonce = head.nonce,
          .stands = parts_->known_head->IsFresh(),
          .lineage = parts_->Lineage()};
}

void Engine::HearHint(const Claim& claim) {
  if (claim.cluster_id != cluster_id()) return;
  if (parts_->doubt.Contradicts(claim)) {
    base::MutexLock lock(parts_->news_mutex);
    if (parts_->on_suspicion) parts_->on_suspicion();
  }
  parts_->committer->Nudge(claim.seq);
}

void Engine::OnSuspicion(std::function<void()> on_suspicion) {
  base::MutexLock lock(parts_->news_mutex);
  parts_->on_suspicion = std::move(on_suspicion);
}

void Engine::Hear(const std::string& address, const Claim& claim) {
  if (claim.cluster_id != cluster_id()) return;
  // That server has followed a promotion that this one has not heard of.
  if (parts_->Lineage().IsReplacedBy(claim.lineage)) {
    parts_->log->shared()->RefuseBefore(claim.lineage);
    parts_->committer->Nudge(INT64_MAX);
  }
  if (parts_->doubt.Hear(address, claim)) parts_->committer->Nudge(INT64_MAX);
}

absl::Status Engine::Health() const {
  constexpr std::chrono::seconds kPatience{5};
  if (parts_->doubt.raised()) {
    return absl::UnavailableError("another server holds another history");
  }
  if (parts_->members == nullptr || parts_->members->silence() < kPatience) {
    return absl::OkStatus();
  }
  return absl::UnavailableError("the database is away");
}

void Engine::MoveLeader(uint64_t member_id, Callback<bool> done) {
  if (parts_->members == nullptr) {
    if (member_id == this->member_id()) return done(true);
    return done(mvcc::BadLeaderTransferee());
  }
  Maintain<bool>(std::move(done), [this, member_id]() -> absl::StatusOr<bool> {
    RETURN_IF_ERROR(parts_->members->MoveOwner(static_cast<int64_t>(member_id)));
    return true;
  });
}

const std::string& Engine::name() const { return parts_->name; }
std::vector<Alarm> Engine::alarms() const { return parts_->alarms.all(); }
int64_t Engine::revision() const { return parts_->index.revision(); }

}  // namespace kvshim::store
