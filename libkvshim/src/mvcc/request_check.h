// What can be said against a request without looking at the store: etcd's static checks, in etcd's
// order.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "kvshim/request.h"

namespace kvshim::mvcc {

absl::Status Check(const RangeRequest& request);
absl::Status Check(const PutRequest& request);
absl::Status Check(const DeleteRangeRequest& request);
// `max_ops`: the most compares, and operations of one branch; nested ones count.
absl::Status Check(const TxnRequest& request, size_t max_ops);

// True where no branch, nested ones included, can write.
bool IsReadOnly(const TxnRequest& request);
// True where it is read-only and every range is serializable.
bool IsSerializable(const TxnRequest& request);
// True where some branch reads at a revision of its own.
bool ReadsHistory(const TxnRequest& request);
// True where some branch puts.
bool HasPut(const TxnRequest& request);

}  // namespace kvshim::mvcc
