// RequestGenerator: random requests that collide: few keys, few values, few leases, revisions
// around those that exist. The same seed gives the same requests.
#pragma once

#include <random>
#include <string>
#include <variant>
#include <vector>

#include "kvshim/request.h"

namespace kvshim::mvcc {

struct RevokeRequest {
  LeaseId lease;
};

using WriteRequest = std::variant<PutRequest, DeleteRangeRequest, TxnRequest, RevokeRequest>;

class RequestGenerator {
 public:
  // With more than a dozen keys, deletions of wide ranges become rare.
  RequestGenerator(uint32_t seed, size_t keys);

  // Around which revisions reads and compares are made.
  void SetRevisions(int64_t compact_revision, int64_t revision);

  WriteRequest Write();
  RangeRequest Range();
  PutRequest Put();
  DeleteRangeRequest DeleteRange();
  TxnRequest Txn(int depth);

  // Below `bound`.
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  const std::string& Key() { return keys_[Below(keys_.size())]; }
  std::string RangeEnd();
  LeaseId Lease() { return LeaseId(1 + static_cast<int64_t>(Below(4))); }

 private:
  Compare RandomCompare();
  std::vector<RequestOp> Ops(int depth);
  std::string Value();
  int64_t Revision();

  std::mt19937_64 random_;
  std::vector<std::string> keys_;
  int64_t compact_revision_ = 0;
  int64_t revision_ = 1;
};

}  // namespace kvshim::mvcc
