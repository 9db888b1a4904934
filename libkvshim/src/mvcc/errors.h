// The one table of etcd's errors: clients match both the code and the text, so every layer takes
// them from here. absl's codes are gRPC's, number by number.
#pragma once

#include "absl/status/status.h"

namespace kvshim::mvcc {

#define KVSHIM_ERROR(name, code, text) \
  inline absl::Status name() { return absl::Status(absl::StatusCode::code, "etcdserver: " text); }

KVSHIM_ERROR(EmptyKey, kInvalidArgument, "key is not provided")
KVSHIM_ERROR(KeyNotFound, kInvalidArgument, "key not found")
KVSHIM_ERROR(ValueProvided, kInvalidArgument, "value is provided")
KVSHIM_ERROR(LeaseProvided, kInvalidArgument, "lease is provided")
KVSHIM_ERROR(TooManyOps, kInvalidArgument, "too many operations in txn request")
KVSHIM_ERROR(DuplicateKey, kInvalidArgument, "duplicate key given in txn request")
KVSHIM_ERROR(InvalidSortOption, kInvalidArgument, "invalid sort option")
KVSHIM_ERROR(RequestTooLarge, kInvalidArgument, "request is too large")
KVSHIM_ERROR(Compacted, kOutOfRange, "mvcc: required revision has been compacted")
KVSHIM_ERROR(FutureRevision, kOutOfRange, "mvcc: required revision is a future revision")
KVSHIM_ERROR(LeaseTtlTooLarge, kOutOfRange, "too large lease TTL")
KVSHIM_ERROR(NoSpace, kResourceExhausted, "mvcc: database space exceeded")
KVSHIM_ERROR(TooManyRequests, kResourceExhausted, "too many requests")
KVSHIM_ERROR(LeaseNotFound, kNotFound, "requested lease not found")
KVSHIM_ERROR(LeaseExists, kFailedPrecondition, "lease already exists")
KVSHIM_ERROR(MemberNotFound, kNotFound, "member not found")
KVSHIM_ERROR(NotLeader, kFailedPrecondition, "not leader")
KVSHIM_ERROR(BadLeaderTransferee, kFailedPrecondition, "bad leader transferee")
KVSHIM_ERROR(NoInflightDowngrade, kFailedPrecondition, "no inflight downgrade job")
KVSHIM_ERROR(AuthNotEnabled, kFailedPrecondition, "authentication is not enabled")
KVSHIM_ERROR(NoLeader, kUnavailable, "no leader")
KVSHIM_ERROR(Stopped, kUnavailable, "server stopped")
KVSHIM_ERROR(TimedOut, kUnavailable, "request timed out")
KVSHIM_ERROR(LeaderFailed, kUnavailable,
             "request timed out, possibly due to previous leader failure")
KVSHIM_ERROR(Unhealthy, kUnavailable, "unhealthy cluster")
KVSHIM_ERROR(Corrupt, kDataLoss, "corrupt cluster")

#undef KVSHIM_ERROR

}  // namespace kvshim::mvcc
