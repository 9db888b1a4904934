// WriteProposal: a put, a deletion or a transaction that waits for the committer. Unlike other
// proposals it can be handed to another server (relay.h): it knows its request.
//
// Thread safety: as Proposal.
//
//   committer.Submit(std::make_unique<WriteProposal<PutRequest, PutResponse>>(request, done));
#pragma once

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "kvshim/request.h"
#include "kvshim/store.h"
#include "store/peer_codec.h"
#include "store/peer_frames.h"
#include "store/proposal.h"

namespace kvshim::store {

template <typename Request, typename Response>
class WriteProposal final : public Proposal {
 public:
  WriteProposal(Request request, Callback<Response> done)
      : request_(std::move(request)), outcome_(std::move(done)) {}

  void Evaluate(OpenBatch& batch, const mvcc::Index::View& view, mvcc::Values& values) override {
    outcome_.Set(Made(batch.writes, view, request_, values));
  }
  void Refuse(absl::Status status) override { outcome_.Set(std::move(status)); }
  void Answer(const absl::Status& failure) override { outcome_.Tell(failure); }

  bool can_be_relayed() const override { return true; }
  void Relay(PeerWriter& out) override {
    // What was evaluated here was never committed.
    outcome_.Forget();
    out(KindOf(request_), request_);
  }
  void HearRelayed(PeerReader& in) override {
    absl::StatusOr<Response> answer;
    ReadAnswer(in, answer);
    outcome_.Set(std::move(answer));
  }

 private:
  static auto Made(mvcc::WriteBatch& writes, const mvcc::Index::View& view,
                   const PutRequest& request, mvcc::Values& values) {
    return writes.Put(view, request, values);
  }
  static auto Made(mvcc::WriteBatch& writes, const mvcc::Index::View& view,
                   const DeleteRangeRequest& request, mvcc::Values& values) {
    return writes.DeleteRange(view, request, values);
  }
  static auto Made(mvcc::WriteBatch& writes, const mvcc::Index::View& view,
                   const TxnRequest& request, mvcc::Values& values) {
    return writes.Txn(view, request, values);
  }

  Request request_;
  Outcome<Response> outcome_;
};

}  // namespace kvshim::store
