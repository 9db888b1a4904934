// Leases: keys attached to a lease are deleted together, in one revision, when it ends. A lease
// lives as long as keepalives come within its time to live; it survives restarts and is never
// ended early by one (a restart or takeover extends it by a full TTL at most).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kvshim/key_value.h"

namespace kvshim {

struct LeaseGrantRequest {
  int64_t ttl = 0;        // seconds; below 2 is raised to 2, above 9,000,000,000 refused
  LeaseId id = kNoLease;  // kNoLease: a random one is chosen
};

struct LeaseGrantResponse {
  int64_t revision = 0;
  LeaseId id = kNoLease;
  int64_t ttl = 0;  // seconds, as granted
};

struct LeaseRevokeResponse {
  int64_t revision = 0;
};

struct LeaseKeepAliveResponse {
  int64_t revision = 0;
  LeaseId id = kNoLease;
  int64_t ttl = 0;  // seconds; 0: there is no such lease (any more)
};

struct LeaseTimeToLiveResponse {
  int64_t revision = 0;
  LeaseId id = kNoLease;
  int64_t ttl = -1;  // seconds left; -1: there is no such lease
  int64_t granted_ttl = 0;
  std::vector<std::string> keys;  // ascending; filled where asked for
};

struct LeaseLeasesResponse {
  int64_t revision = 0;
  std::vector<LeaseId> leases;
};

}  // namespace kvshim
