// RemoteStore: a live etcd, or a kvshim, as a store: what Store::Connect gives.
//
// Calls run on a pool of threads, each of which waits for one answer. Where automatic compaction is
// wanted the store sees to it as Kubernetes' API server does (remote/compactor.h), as an etcd does
// nothing of the kind by itself.
//
// Thread safety: as Store says.
#pragma once

#include <memory>

#include "base/executor.h"
#include "kvshim/store.h"
#include "remote/cluster.h"
#include "remote/compactor.h"

namespace kvshim::remote {

class RemoteStore final : public Store {
 public:
  RemoteStore(std::unique_ptr<Cluster> cluster, const StoreOptions& options);
  ~RemoteStore() override;

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
  // Asks; where nothing answers, the revision is the newest that was heard of.
  StoreStatus Status() override;
  void Hash(int64_t revision, Callback<HashResult> done) override;
  void Defragment(Callback<bool> done) override;  // the server that is spoken to
  void SetAlarm(Alarm alarm, Callback<bool> done) override;
  void ClearAlarm(Alarm alarm, Callback<bool> done) override;
  void Snapshot(std::function<bool(const SnapshotPiece&)> sink, Callback<bool> done) override;

 private:
  // Sends `request` from a thread of the pool; `convert` makes ours of the answer.
  template <typename Answer, typename Request, typename Response, typename Convert>
  void Send(const char* method, Repeat repeat, Request request, Callback<Response> done,
            Convert convert);
  template <typename Response>
  void Run(Callback<Response> done, absl::AnyInvocable<absl::StatusOr<Response>()> call);
  void SendAlarm(etcdserverpb::AlarmRequest::AlarmAction action, const Alarm& alarm,
                 Callback<bool> done);

  const std::unique_ptr<Cluster> cluster_;
  base::Executor executor_;
  std::unique_ptr<Compactor> compactor_;
};

}  // namespace kvshim::remote
