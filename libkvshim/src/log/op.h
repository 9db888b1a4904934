// Op: a change of state that is not a key: what a batch carries beside its rows. The encoded form
// in kv_batch.ops is the authority; the tables that show the present state derive from it.
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "kvshim/key_value.h"

namespace kvshim::log {

struct LeaseGrant {
  LeaseId id = kNoLease;
  int64_t ttl = 0;  // seconds
  bool operator==(const LeaseGrant&) const = default;
};

// The lease ends; the tombstones of its keys are rows of the same batch.
struct LeaseRevoke {
  LeaseId id = kNoLease;
  bool operator==(const LeaseRevoke&) const = default;
};

// Alarms by etcd's numbers: 1 no space, 2 corrupt.
struct SetAlarm {
  uint64_t member_id = 0;
  int32_t type = 0;
  bool operator==(const SetAlarm&) const = default;
};

struct ClearAlarm {
  uint64_t member_id = 0;
  int32_t type = 0;
  bool operator==(const ClearAlarm&) const = default;
};

using Op = std::variant<LeaseGrant, LeaseRevoke, SetAlarm, ClearAlarm>;

// libkvshim/docs/sql_schema.md gives the bytes.
std::string EncodeOps(std::span<const Op> ops);
absl::StatusOr<std::vector<Op>> DecodeOps(std::string_view bytes);

}  // namespace kvshim::log
