// LeaseBatch: the leases as later requests of one group commit must see them: the lessor's table
// with the grants and revokes of the batch on top. Nothing reaches the lessor before the commit;
// where the batch is thrown away, so is this.
//
// Thread safety: none; it belongs to the committer. The lessor's table may change only by this
// batch being applied while it is in use.
//
//   LeaseBatch batch(lessor);
//   ASSIGN_OR_RETURN(LeaseGrant grant, batch.Grant({.ttl = 10}));
//   batch.Exists(grant.id);                      // true, for the puts that follow
//   ... commit batch.changes(), and apply them to the lessor ...
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lease/lessor.h"
#include "mvcc/lease_view.h"

namespace kvshim::lease {

// One change, in the order it was made.
struct LeaseChange {
  bool revoke = false;
  LeaseGrant lease;  // id only, where revoked
  bool operator==(const LeaseChange&) const = default;
};

class LeaseBatch : public mvcc::LeaseView {
 public:
  explicit LeaseBatch(Lessor& lessor) : lessor_(lessor) {}

  bool Exists(LeaseId id) const override;

  absl::StatusOr<LeaseGrant> Grant(const LeaseGrantRequest& request);
  // mvcc::LeaseNotFound where it does not exist (any more).
  absl::Status Revoke(LeaseId id);
  // As Revoke, but only where no keepalive has come since `expired` was taken from the lessor.
  bool RevokeExpired(const LeaseRenewal& expired);

  // For the log.
  const std::vector<LeaseChange>& changes() const { return changes_; }
  bool empty() const { return changes_.empty(); }
  // Where a request of the batch is undone: forgets the changes made since `count` of them.
  void Truncate(size_t count);

 private:
  Lessor& lessor_;
  std::vector<LeaseChange> changes_;
  absl::flat_hash_map<LeaseId, bool> overlay_;  // exists or not, where the batch says so
};

}  // namespace kvshim::lease
