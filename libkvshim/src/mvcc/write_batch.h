// WriteBatch: the writes of one group commit, evaluated one after another before any of them is
// durable: each sees the ones before it on top of the index.
//
// Each request that changes something takes one revision, its changes numbered from 0 within it; a
// request that fails or changes nothing takes none. Errors come before any change, so that a
// request is done whole or not at all.
//
// Values: where `values` wants something after a call, the result is void: roll back to the mark
// from before the call, fetch, call again (values.h). The view passed in must stand at the base
// revision in every call: nothing may be applied to the index while the batch is in use.
//
// Thread safety: none.
//
//   WriteBatch batch(index.revision(), leases);
//   auto response = batch.Put(view, {.key = "/a", .value = "1"}, values);
//   ... commit batch.changes() ...
//   index.Apply(batch.changes(), batch.revision());
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "kvshim/lease.h"
#include "kvshim/request.h"
#include "mvcc/lease_view.h"
#include "mvcc/state.h"

namespace kvshim::mvcc {

class WriteBatch {
 public:
  WriteBatch(int64_t base_revision, const LeaseView& leases)
      : base_revision_(base_revision), revision_(base_revision), leases_(leases) {}
  WriteBatch(const WriteBatch&) = delete;
  WriteBatch& operator=(const WriteBatch&) = delete;

  // The requests have passed Check (request_check.h).
  absl::StatusOr<PutResponse> Put(const Index::View& view, const PutRequest& request,
                                  Values& values);
  absl::StatusOr<DeleteRangeResponse> DeleteRange(const Index::View& view,
                                                  const DeleteRangeRequest& request,
                                                  Values& values);
  // One that reads at a revision of its own must come while the batch is empty.
  absl::StatusOr<TxnResponse> Txn(const Index::View& view, const TxnRequest& request,
                                  Values& values);
  // Deletes the keys attached to the lease, in one revision, ascending.
  void DeleteKeysOf(const Index::View& view, LeaseId lease, Values& values);

  bool empty() const { return changes_.empty(); }

  // The newest revision, with the batch done.
  int64_t revision() const { return revision_; }
  const std::vector<KeyValue>& changes() const { return changes_; }
  // The version before each change: empty where there was none or it was not in memory.
  const std::vector<KeyValue>& previous() const { return previous_; }
  size_t bytes() const { return bytes_; }

  struct Mark {
    size_t changes = 0;
    int64_t revision = 0;
    size_t bytes = 0;
  };
  Mark mark() const { return {changes_.size(), revision_, bytes_}; }
  void RollBack(const Mark& mark);

 private:
  class Overlaid;
  class Execution;

  void Record(KeyValue kv, KeyValue previous);

  const int64_t base_revision_;
  int64_t revision_;
  const LeaseView& leases_;
  std::vector<KeyValue> changes_;
  std::vector<KeyValue> previous_;
  std::vector<size_t> overlay_before_;  // for each change: what it replaced in the overlay
  absl::btree_map<std::string_view, size_t> overlay_;  // a key's newest change
  size_t bytes_ = 0;
};

}  // namespace kvshim::mvcc
