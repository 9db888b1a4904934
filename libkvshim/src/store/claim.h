// Claim: what a server says of its history: the newest batch that it knows to be committed.
//
// Of one cluster's servers all hold the same batch at one seq, or there are two histories: where
// two claims of one epoch differ, one server's database is not the other's, or has lost commits.
// The higher epoch stands above the lower.
//
// Servers tell it to each other as text, in a hint's query and in the answer's body:
//
//   seq=17&epoch=1&revision=42&nonce=00112233445566778899aabbccddeeff&cluster=1f2e&stands=1
//   &system=7711599376004717286&timeline=2
//
// with the second line where it is known.
// Releases before this knew `seq` only, and answered nothing.
//
// Thread safety: a value, and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "log/head.h"
#include "sql/lineage.h"

namespace kvshim::store {

struct Claim {
  uint64_t cluster_id = 0;
  int64_t epoch = 0;
  int64_t seq = 0;
  int64_t revision = 0;
  log::Nonce nonce{};
  bool stands = false;   // its database was seen to hold it a moment ago
  sql::Lineage lineage;  // of the database server; may be unknown
  bool operator==(const Claim&) const = default;
};

std::string TextOf(const Claim& claim);

// Nothing where a part is missing or is not what it should be. Parts that are not known are left
// out of account.
std::optional<Claim> ReadClaim(const std::map<std::string, std::string>& parts);
std::optional<Claim> ReadClaim(std::string_view text);

}  // namespace kvshim::store
