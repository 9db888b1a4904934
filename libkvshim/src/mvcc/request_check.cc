#include "mvcc/request_check.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "mvcc/errors.h"
#include "mvcc/key_range.h"

namespace kvshim::mvcc {
namespace {

absl::Status CheckOps(const TxnRequest& request, size_t max_ops);

absl::Status CheckOp(const RequestOp& op, size_t max_ops) {
  if (const auto* range = std::get_if<RangeRequest>(&op)) return Check(*range);
  if (const auto* put = std::get_if<PutRequest>(&op)) return Check(*put);
  if (const auto* erase = std::get_if<DeleteRangeRequest>(&op)) return Check(*erase);
  if (const auto* txn = std::get_if<std::unique_ptr<TxnRequest>>(&op)) {
    return CheckOps(**txn, max_ops);
  }
  return KeyNotFound();  // an operation without a request
}

absl::Status CheckOps(const TxnRequest& request, size_t max_ops) {
  const size_t ops =
      std::max({request.compare.size(), request.success.size(), request.failure.size()});
  if (ops > max_ops) return TooManyOps();
  for (const Compare& compare : request.compare) {
    if (compare.key.empty()) return EmptyKey();
  }
  for (const RequestOp& op : request.success) RETURN_IF_ERROR(CheckOp(op, max_ops - ops));
  for (const RequestOp& op : request.failure) RETURN_IF_ERROR(CheckOp(op, max_ops - ops));
  return absl::OkStatus();
}

// The keys a branch puts and the ranges it deletes. Both branches of a nested txn count, and what
// the one puts the other may put too.
struct Touched {
  std::set<std::string_view> puts;
  std::vector<KeyRange> deletes;

  bool Deletes(std::string_view key) const {
    return std::any_of(deletes.begin(), deletes.end(),
                       [&](const KeyRange& range) { return range.Contains(key); });
  }
};

absl::StatusOr<Touched> CheckOverlaps(const std::vector<RequestOp>& ops) {
  Touched touched;
  for (const RequestOp& op : ops) {
    if (const auto* erase = std::get_if<DeleteRangeRequest>(&op)) {
      touched.deletes.emplace_back(erase->key, erase->range_end);
    }
  }
  for (const RequestOp& op : ops) {
    const auto* nested = std::get_if<std::unique_ptr<TxnRequest>>(&op);
    if (nested == nullptr) continue;
    ASSIGN_OR_RETURN(Touched success, CheckOverlaps((*nested)->success));
    ASSIGN_OR_RETURN(Touched failure, CheckOverlaps((*nested)->failure));
    for (const std::string_view key : success.puts) {
      if (touched.Deletes(key) || !touched.puts.insert(key).second) return DuplicateKey();
    }
    for (const std::string_view key : failure.puts) {
      if (touched.Deletes(key)) return DuplicateKey();
      if (!touched.puts.insert(key).second && !success.puts.contains(key)) return DuplicateKey();
    }
    for (Touched* branch : {&success, &failure}) {
      touched.deletes.insert(touched.deletes.end(), branch->deletes.begin(), branch->deletes.end());
    }
  }
  for (const RequestOp& op : ops) {
    const auto* put = std::get_if<PutRequest>(&op);
    if (put == nullptr) continue;
    if (touched.Deletes(put->key) || !touched.puts.insert(put->key).second) return DuplicateKey();
  }
  return touched;
}

// Whether two operations of a branch could touch one key.
bool MayOverlap(const std::vector<RequestOp>& ops) {
  size_t writes = 0;
  for (const RequestOp& op : ops) {
    if (std::holds_alternative<std::unique_ptr<TxnRequest>>(op)) return true;
    if (!std::holds_alternative<RangeRequest>(op)) ++writes;
  }
  return writes > 1;
}

// Whether `matches` holds for an operation of any branch.
template <typename Matches>
bool AnyOp(const TxnRequest& request, const Matches& matches) {
  for (const auto* ops : {&request.success, &request.failure}) {
    for (const RequestOp& op : *ops) {
      const auto* nested = std::get_if<std::unique_ptr<TxnRequest>>(&op);
      if (nested != nullptr ? AnyOp(**nested, matches) : matches(op)) return true;
    }
  }
  return false;
}

}  // namespace

absl::Status Check(const RangeRequest& request) {
  if (request.key.empty()) return EmptyKey();
  const auto order = static_cast<int>(request.sort_order);
  const auto target = static_cast<int>(request.sort_target);
  if (order < 0 || order > 2 || target < 0 || target > 4) return InvalidSortOption();
  return absl::OkStatus();
}

absl::Status Check(const PutRequest& request) {
  if (request.key.empty()) return EmptyKey();
  if (request.ignore_value && !request.value.empty()) return ValueProvided();
  if (request.ignore_lease && request.lease != kNoLease) return LeaseProvided();
  return absl::OkStatus();
}

absl::Status Check(const DeleteRangeRequest& request) {
  return request.key.empty() ? EmptyKey() : absl::OkStatus();
}

absl::Status Check(const TxnRequest& request, size_t max_ops) {
  RETURN_IF_ERROR(CheckOps(request, max_ops));
  for (const auto* ops : {&request.success, &request.failure}) {
    if (MayOverlap(*ops)) RETURN_IF_ERROR(CheckOverlaps(*ops).status());
  }
  return absl::OkStatus();
}

bool IsReadOnly(const TxnRequest& request) {
  return !AnyOp(request, [](const RequestOp& op) {
    return std::holds_alternative<PutRequest>(op) || std::holds_alternative<DeleteRangeRequest>(op);
  });
}

bool IsSerializable(const TxnRequest& request) {
  return !AnyOp(request, [](const RequestOp& op) {
    const auto* range = std::get_if<RangeRequest>(&op);
    return range == nullptr || !range->serializable;
  });
}

bool ReadsHistory(const TxnRequest& request) {
  return AnyOp(request, [](const RequestOp& op) {
    const auto* range = std::get_if<RangeRequest>(&op);
    return range != nullptr && range->revision > 0;
  });
}

bool HasPut(const TxnRequest& request) {
  return AnyOp(request, [](const RequestOp& op) { return std::holds_alternative<PutRequest>(op); });
}

}  // namespace kvshim::mvcc
