// The chained hash: SHA-256 over the predecessor's hash, the batch's columns and its rows.
// libkvshim/docs/sql_schema.md gives the bytes.
//
// Thread safety: a ChainHasher is used by one thread; random numbers may be had from any.
//
//   ChainHasher hasher;
//   hasher.Begin(head.hash, batch);
//   for (const sql::LogRecord& row : rows) hasher.Add(row);
//   Hash hash = hasher.Finish();
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/head.h"
#include "sql/record.h"

struct evp_md_ctx_st;

namespace kvshim::log {

class ChainHasher {
 public:
  ChainHasher();
  ~ChainHasher();
  ChainHasher(const ChainHasher&) = delete;
  ChainHasher& operator=(const ChainHasher&) = delete;

  // Every column of `batch` but `hash` counts.
  void Begin(const Hash& previous, const sql::BatchRecord& batch);
  void Add(const sql::LogRecord& row);
  Hash Finish();

 private:
  evp_md_ctx_st* const context_;
};

// Bytes that nobody else has.
absl::StatusOr<Nonce> RandomNonce();
// A random number other than 0.
absl::StatusOr<uint64_t> RandomId();

template <typename Array>
std::string_view AsView(const Array& bytes) {
  return {bytes.data(), bytes.size()};
}

// A nonce as text, and back; nothing where the text is none.
std::string ToHex(const Nonce& nonce);
std::optional<Nonce> FromHex(std::string_view text);

// The head that `batch` makes; kCorrupt where a column has the wrong size.
absl::StatusOr<Head> HeadOf(const sql::BatchRecord& batch);

// What a head says, of the batch that makes it out of `tip`; format, writer and ops are left. It
// shows bytes of both heads, also those of `head` that are set later.
sql::BatchRecord RecordOf(const Head& tip, const Head& head, size_t row_count);

}  // namespace kvshim::log
