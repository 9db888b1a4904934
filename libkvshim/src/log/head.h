// Head: the newest batch of the chain, and what it says of the whole log.
//
// Thread safety: a value.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace kvshim::log {

using Nonce = std::array<char, 16>;  // random, one a batch: how a batch is told from its rivals
using Hash = std::array<char, 32>;   // SHA-256 over the predecessor's hash and the batch

struct Head {
  int64_t seq = 0;
  Nonce nonce{};
  int64_t epoch = 0;
  int64_t revision = 1;          // the newest; an empty store is at 1
  int64_t compact_revision = 0;  // 0: never compacted
  int64_t gc_floor = 0;          // rows that compaction made dead may be gone up to here
  Hash hash{};
  bool operator==(const Head&) const = default;
};

// Who the database is: random, never zero, made with it.
struct Identity {
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  // What only servers of this database know: how they know each other. Empty in a database of an
  // older release.
  std::string peer_secret;
};

}  // namespace kvshim::log
