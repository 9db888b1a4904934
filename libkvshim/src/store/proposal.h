// Proposal: a request that waits for the committer, and afterwards the answer to it.
//
// Thread safety: none; it passes from the asking thread to the committer to the publisher.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "kvshim/store.h"
#include "lease/lease_batch.h"
#include "log/op.h"
#include "mvcc/index.h"
#include "mvcc/values.h"
#include "mvcc/write_batch.h"

namespace kvshim::store {

class PeerReader;
class PeerWriter;

// The batch that is being put together, as a proposal sees and changes it.
struct OpenBatch {
  mvcc::WriteBatch writes;
  lease::LeaseBatch leases;
  std::vector<log::Op> alarms;
  int64_t compact_revision = 0;  // as it will be
  int64_t gc_floor = 0;          // the same
  bool raises_floor = false;
  bool compacts = false;

  bool empty() const {
    return writes.empty() && leases.empty() && alarms.empty() && !compacts && !raises_floor;
  }
};

class Proposal {
 public:
  virtual ~Proposal() = default;

  // Evaluates the request on top of the batch and keeps the answer. Called again, after a roll
  // back, where `values` wants something (mvcc/values.h).
  virtual void Evaluate(OpenBatch& batch, const mvcc::Index::View& view, mvcc::Values& values) = 0;
  // Refuses the request: it has no effect.
  virtual void Refuse(absl::Status status) = 0;
  // The batch is durable, or `failure` says what became of it. The callback runs in here.
  virtual void Answer(const absl::Status& failure) = 0;

  // Whether another server can do it as well; only then are the next two called. Relay writes what
  // that one is asked for, HearRelayed reads its answer.
  virtual bool can_be_relayed() const { return false; }
  virtual void Relay(PeerWriter& /*out*/) {}
  virtual void HearRelayed(PeerReader& /*in*/) {}

  base::TimePoint queued_at;
  bool needs_space = false;         // refused at the quota
  bool despite_corruption = false;  // taken although the CORRUPT alarm is raised
  bool needs_empty_batch = false;   // reads history that the batch under way would change
  LeaseId expires = kNoLease;       // ends this lease, unless it is kept alive meanwhile
  size_t bytes = 0;                 // about how much it adds
};

// What a client is going to hear.
template <typename Response>
class Outcome {
 public:
  explicit Outcome(Callback<Response> done) : done_(std::move(done)) {}

  void Set(absl::StatusOr<Response> result) { result_ = std::move(result); }
  void Forget() { result_.reset(); }
  void Tell(const absl::Status& failure) {
    // What the request itself was refused for holds whatever became of the batch.
    if (!failure.ok() && (!result_.has_value() || result_->ok())) result_ = failure;
    if (!result_.has_value()) result_ = absl::InternalError("the request was not evaluated");
    done_(*std::move(result_));
  }

 private:
  Callback<Response> done_;
  std::optional<absl::StatusOr<Response>> result_;
};

template <typename Response, typename Function>
class TypedProposal final : public Proposal {
 public:
  TypedProposal(Function evaluate, Callback<Response> done)
      : evaluate_(std::move(evaluate)), outcome_(std::move(done)) {}

  void Evaluate(OpenBatch& batch, const mvcc::Index::View& view, mvcc::Values& values) override {
    outcome_.Set(evaluate_(batch, view, values));
  }
  void Refuse(absl::Status status) override { outcome_.Set(std::move(status)); }
  void Answer(const absl::Status& failure) override { outcome_.Tell(failure); }

 private:
  Function evaluate_;
  Outcome<Response> outcome_;
};

// `evaluate`: absl::StatusOr<Response>(OpenBatch&, const mvcc::Index::View&, mvcc::Values&).
template <typename Response, typename Function>
std::unique_ptr<Proposal> Propose(Function evaluate, Callback<Response> done) {
  return std::make_unique<TypedProposal<Response, Function>>(std::move(evaluate), std::move(done));
}

}  // namespace kvshim::store
