// The requests and responses of the key-value API: what etcd's Range, Put, DeleteRange, Txn and
// Compact carry, as plain structs. Semantics, limits and error texts are etcd's; see
// docs/wire_compat.md.
//
// A range is [key, range_end): an empty range_end means the one key, the single byte '\0' means
// every key >= key, and both '\0' means every key. Keys are any bytes, compared bytewise.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "kvshim/key_value.h"

namespace kvshim {

enum class SortOrder { kNone = 0, kAscend = 1, kDescend = 2 };
enum class SortTarget { kKey = 0, kVersion = 1, kCreate = 2, kMod = 3, kValue = 4 };

struct RangeRequest {
  std::string key;
  std::string range_end;
  int64_t limit = 0;     // most keys returned; 0 or less: no limit
  int64_t revision = 0;  // read at this revision; 0 or less: at the newest
  SortOrder sort_order = SortOrder::kNone;
  SortTarget sort_target = SortTarget::kKey;
  bool serializable = false;  // may answer from this server's memory, which can lag
  bool keys_only = false;
  bool count_only = false;
  int64_t min_mod_revision = 0;  // 0: no bound, here and below
  int64_t max_mod_revision = 0;
  int64_t min_create_revision = 0;
  int64_t max_create_revision = 0;
};

struct RangeResponse {
  int64_t revision = 0;  // the store's newest revision, also where an older one was read
  std::vector<KeyValue> kvs;
  bool more = false;  // the limit cut the answer
  int64_t count = 0;  // keys in the range, whatever limit and filters
};

struct PutRequest {
  std::string key;
  std::string value;
  LeaseId lease = kNoLease;
  bool prev_kv = false;
  bool ignore_value = false;  // keep the current value; the key must exist
  bool ignore_lease = false;  // keep the current lease; the key must exist
};

struct PutResponse {
  int64_t revision = 0;
  KeyValue prev_kv;  // empty unless asked for and the key existed
};

struct DeleteRangeRequest {
  std::string key;
  std::string range_end;
  bool prev_kv = false;
};

struct DeleteRangeResponse {
  int64_t revision = 0;
  int64_t deleted = 0;
  std::vector<KeyValue> prev_kvs;
};

enum class CompareResult { kEqual = 0, kGreater = 1, kLess = 2, kNotEqual = 3 };
enum class CompareTarget { kVersion = 0, kCreate = 1, kMod = 2, kValue = 3, kLease = 4 };

struct Compare {
  CompareResult result = CompareResult::kEqual;
  CompareTarget target = CompareTarget::kVersion;
  std::string key;
  std::string range_end;
  int64_t number = 0;  // version, create revision, mod revision or lease, as the target says
  std::string value;   // for CompareTarget::kValue
  // False where the request carries no operand of the target's kind (etcd's union left unset):
  // numbers then compare as 0, a value as empty.
  bool has_operand = true;
};

struct TxnRequest;

// One operation of a transaction; exactly one of the alternatives. std::monostate is an operation
// without a request, which is refused as etcd refuses it.
using RequestOp = std::variant<std::monostate, RangeRequest, PutRequest, DeleteRangeRequest,
                               std::unique_ptr<TxnRequest>>;

struct TxnRequest {
  std::vector<Compare> compare;
  std::vector<RequestOp> success;
  std::vector<RequestOp> failure;
};

struct TxnResponse;
using ResponseOp = std::variant<std::monostate, RangeResponse, PutResponse, DeleteRangeResponse,
                                std::unique_ptr<TxnResponse>>;

struct TxnResponse {
  int64_t revision = 0;
  bool succeeded = false;
  std::vector<ResponseOp> responses;
};

struct CompactRequest {
  int64_t revision = 0;
  bool physical = false;  // answer only when the space has been reclaimed in the database
};

struct CompactResponse {
  int64_t revision = 0;
};

}  // namespace kvshim
