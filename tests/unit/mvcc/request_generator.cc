#include "request_generator.h"

namespace kvshim::mvcc {
namespace {

using namespace std::string_literals;

// Beside each other in order, and with the bytes at which ranges begin and end.
std::vector<std::string> CollidingKeys() {
  return {"\0"s, "\0\0"s, "a",         "a\0"s, "a\0\0"s, "a\xff",
          "ab",  "b",     "b\xff\xff", "c",    "\xff",   "\xff\xff"};
}

}  // namespace

RequestGenerator::RequestGenerator(uint32_t seed, size_t keys)
    : random_(seed), keys_(CollidingKeys()) {
  for (size_t i = keys_.size(); i < keys; ++i) keys_.push_back("key/" + std::to_string(i));
}

void RequestGenerator::SetRevisions(int64_t compact_revision, int64_t revision) {
  compact_revision_ = compact_revision;
  revision_ = revision;
}

std::string RequestGenerator::RangeEnd() {
  switch (Below(5)) {
    case 0:
      return "\0"s;
    case 1:
      return Key() + "\0"s;
    case 2:
      return "\xff\xff\xff";
    default:
      return Key();
  }
}

std::string RequestGenerator::Value() {
  const uint64_t kind = Below(8);
  if (kind == 0) return "";
  if (kind == 1) return std::string(Below(400), 'x');
  return std::to_string(Below(4));
}

int64_t RequestGenerator::Revision() {
  const auto span = static_cast<uint64_t>(revision_ - compact_revision_ + 5);
  return compact_revision_ - 2 + static_cast<int64_t>(Below(span));
}

WriteRequest RequestGenerator::Write() {
  const uint64_t kind = Below(20);
  if (kind < 8) return Put();
  if (kind < 11) return DeleteRange();
  if (kind < 19) return Txn(2);
  return RevokeRequest{Lease()};
}

RangeRequest RequestGenerator::Range() {
  RangeRequest request{.key = Key()};
  if (!OneIn(4)) request.range_end = RangeEnd();
  if (OneIn(2)) request.limit = static_cast<int64_t>(Below(5)) - 1;
  if (OneIn(3)) request.sort_order = static_cast<SortOrder>(Below(3));
  if (OneIn(3)) request.sort_target = static_cast<SortTarget>(Below(5));
  request.keys_only = OneIn(4);
  request.count_only = OneIn(8);
  if (OneIn(8)) request.min_mod_revision = Revision();
  if (OneIn(8)) request.max_mod_revision = Revision();
  if (OneIn(8)) request.min_create_revision = Revision();
  if (OneIn(8)) request.max_create_revision = Revision();
  if (OneIn(2)) request.revision = std::max<int64_t>(Revision(), 0);
  return request;
}

PutRequest RequestGenerator::Put() {
  PutRequest request{.key = Key(), .value = Value()};
  if (OneIn(3)) request.lease = Lease();
  request.prev_kv = OneIn(3);
  if (OneIn(5)) {
    request.ignore_value = true;
    request.value.clear();
  }
  if (OneIn(5)) {
    request.ignore_lease = true;
    request.lease = kNoLease;
  }
  return request;
}

DeleteRangeRequest RequestGenerator::DeleteRange() {
  DeleteRangeRequest request{.key = Key(), .prev_kv = OneIn(2)};
  if (keys_.size() > 12) {
    if (OneIn(2)) request.range_end = request.key + "5";
    if (OneIn(40)) request.range_end = RangeEnd();
  } else {
    if (OneIn(3)) request.range_end = RangeEnd();
    if (OneIn(20)) {
      request.key = "\0"s;
      request.range_end = "\0"s;
    }
  }
  return request;
}

Compare RequestGenerator::RandomCompare() {
  Compare compare{.result = static_cast<CompareResult>(Below(4)),
                  .target = static_cast<CompareTarget>(Below(5)),
                  .key = Key()};
  if (OneIn(4)) compare.range_end = RangeEnd();
  switch (compare.target) {
    case CompareTarget::kValue:
      compare.value = Value();
      break;
    case CompareTarget::kCreate:
    case CompareTarget::kMod:
      compare.number = OneIn(4) ? 0 : Revision();
      break;
    default:
      compare.number = static_cast<int64_t>(Below(5));
  }
  return compare;
}

std::vector<RequestOp> RequestGenerator::Ops(int depth) {
  std::vector<RequestOp> ops;
  for (uint64_t left = Below(4); left > 0; --left) {
    const uint64_t kind = Below(10);
    if (kind < 4) {
      ops.emplace_back(Put());
    } else if (kind < 6) {
      RangeRequest range = Range();
      // Most of the time one that can be read, so that the rest is done as well.
      if (!OneIn(8)) range.revision = std::min(range.revision, revision_);
      if (!OneIn(8) && range.revision < compact_revision_) range.revision = 0;
      ops.emplace_back(std::move(range));
    } else if (kind < 8) {
      ops.emplace_back(DeleteRange());
    } else if (depth > 0) {
      ops.emplace_back(std::make_unique<TxnRequest>(Txn(depth - 1)));
    }
  }
  return ops;
}

TxnRequest RequestGenerator::Txn(int depth) {
  TxnRequest request;
  for (uint64_t left = Below(3); left > 0; --left) request.compare.push_back(RandomCompare());
  request.success = Ops(depth);
  request.failure = Ops(depth);
  return request;
}

}  // namespace kvshim::mvcc
