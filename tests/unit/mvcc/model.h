// Model: etcd's key-value semantics at their plainest, to hold the index and the write batch
// against. It keeps a full copy of the live keys for every revision and every retained version,
// knows no cache and no groups, and does each request at once. A copy of a model is a model.
//
// Requests have passed Check (mvcc/request_check.h).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kvshim/request.h"
#include "mvcc/revision.h"

namespace kvshim::mvcc {

class Model {
 public:
  using Keys = std::map<std::string, KeyValue>;  // live

  struct Version {
    KeyValue kv;
    KeyValue previous;  // what it replaced; empty where the key did not live
  };

  Model();

  absl::StatusOr<RangeResponse> Range(const RangeRequest& request) const;
  absl::StatusOr<PutResponse> Put(const PutRequest& request);
  absl::StatusOr<DeleteRangeResponse> DeleteRange(const DeleteRangeRequest& request);
  absl::StatusOr<TxnResponse> Txn(const TxnRequest& request);

  void Grant(LeaseId lease) { leases_.insert(lease); }
  void Revoke(LeaseId lease);
  const std::set<LeaseId>& leases() const { return leases_; }

  // Also forgets what nobody can ask for any more.
  void Compact(int64_t revision);

  int64_t revision() const { return revision_; }
  int64_t compact_revision() const { return compact_revision_; }

  // The live keys at a revision that is not compacted.
  const Keys& At(int64_t revision) const { return *states_.at(revision); }
  // Every version that a compaction has not taken away, tombstones too.
  const std::map<Revision, Version>& versions() const { return versions_; }

 private:
  struct Step;

  Step Begin() const;
  void Finish(Step step);

  absl::Status CheckReadable(int64_t revision) const;
  absl::Status CheckPut(const PutRequest& request, const Keys& keys) const;
  absl::Status CheckTaken(const TxnRequest& txn, const Keys& before) const;

  static RangeResponse Read(const RangeRequest& request, const Keys& keys);
  static bool Holds(const Compare& compare, const Keys& keys);
  static bool Succeeds(const TxnRequest& txn, const Keys& keys);

  RangeResponse Do(const RangeRequest& request, const Step& step) const;
  static PutResponse Do(const PutRequest& request, Step& step);
  static DeleteRangeResponse Do(const DeleteRangeRequest& request, Step& step);
  TxnResponse Do(const TxnRequest& txn, const Keys& before, Step& step) const;

  int64_t revision_ = 1;
  int64_t compact_revision_ = 0;
  std::set<LeaseId> leases_;
  std::map<int64_t, std::shared_ptr<const Keys>> states_;
  std::map<Revision, Version> versions_;
};

}  // namespace kvshim::mvcc
