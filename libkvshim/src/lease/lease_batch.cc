#include "lease/lease_batch.h"

#include "base/status.h"
#include "mvcc/errors.h"

namespace kvshim::lease {

bool LeaseBatch::Exists(LeaseId id) const {
  const auto found = overlay_.find(id);
  return found != overlay_.end() ? found->second : lessor_.Exists(id);
}

absl::StatusOr<LeaseGrant> LeaseBatch::Grant(const LeaseGrantRequest& request) {
  ASSIGN_OR_RETURN(const LeaseGrant grant, lessor_.CheckGrant(request, this));
  changes_.push_back({.revoke = false, .lease = grant});
  overlay_[grant.id] = true;
  return grant;
}

absl::Status LeaseBatch::Revoke(LeaseId id) {
  if (!Exists(id)) return mvcc::LeaseNotFound();
  changes_.push_back({.revoke = true, .lease = {.id = id}});
  overlay_[id] = false;
  return absl::OkStatus();
}

bool LeaseBatch::RevokeExpired(const LeaseRenewal& expired) {
  if (overlay_.contains(expired.id)) return false;
  const LeaseGrant lease = lessor_.Find(expired.id);
  if (lease.id == kNoLease || lease.renew != expired.renew) return false;
  return Revoke(expired.id).ok();
}

void LeaseBatch::Truncate(size_t count) {
  changes_.resize(count);
  overlay_.clear();
  for (const LeaseChange& change : changes_) overlay_[change.lease.id] = !change.revoke;
}

}  // namespace kvshim::lease
