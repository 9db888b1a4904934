// The rows of the log's tables as they pass between the log and a dialect: plain fields, bytes by
// view. What they mean, and how nonces, hashes and ops are made, is the log's business.
//
// Thread safety: values. The views of a record given to a visitor are valid during that call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace kvshim::sql {

// A row of kv_batch. `prev` is the predecessor's nonce.
struct BatchRecord {
  int64_t seq = 0;
  std::string_view nonce;  // 16 bytes
  std::string_view prev;   // 16 bytes
  int64_t epoch = 0;
  int64_t first_revision = 0;
  int64_t last_revision = 0;
  int64_t row_count = 0;
  int64_t compact_revision = 0;
  int64_t gc_floor = 0;
  int64_t min_reader = 0;
  int64_t min_writer = 0;
  int64_t writer = 0;
  std::string_view ops;
  std::string_view hash;  // 32 bytes
};

// Where a row of kv_log stands.
struct RowId {
  int64_t revision = 0;
  uint32_t sub = 0;
  auto operator<=>(const RowId&) const = default;
};

// A row of kv_log. `value` is empty where only the index columns were asked for.
struct LogRecord {
  RowId id;
  std::string_view key;
  bool tombstone = false;
  int64_t create_revision = 0;
  int64_t version = 0;
  int64_t lease = 0;
  int64_t value_size = 0;
  std::string_view value;
};

// A row of kv_lease.
struct LeaseRecord {
  int64_t id = 0;
  int64_t ttl = 0;    // seconds
  int64_t renew = 0;  // raised by every keepalive
};

// Changes to the projections that go with a batch.
struct PutLease {
  int64_t id = 0;
  int64_t ttl = 0;
};
struct DropLease {
  int64_t id = 0;
};
struct PutMeta {
  std::string name;
  std::string value;
};
struct DropMeta {
  std::string name;
};
using Projection = std::variant<PutLease, DropLease, PutMeta, DropMeta>;

// Bytes of the database; `in_use` leaves out pages that wait to be used again or given back.
struct DatabaseSize {
  int64_t total = 0;
  int64_t in_use = 0;
};

}  // namespace kvshim::sql
