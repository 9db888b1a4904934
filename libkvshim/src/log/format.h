// The format of batches, by which releases tell whether they understand each other's.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "base/strings.h"
#include "sql/error.h"
#include "sql/record.h"

namespace kvshim::log {

// What this release writes, and the oldest that understands it.
inline constexpr int64_t kFormat = 1;

// What the batches of an import carry until its last one: no release opens half a store.
inline constexpr int64_t kUnfinished = int64_t{1} << 40;

inline absl::Status CheckReadable(const sql::BatchRecord& batch, const std::string& database) {
  if (batch.min_reader <= kFormat) return absl::OkStatus();
  if (batch.min_reader == kUnfinished) {
    return sql::MakeError(
        sql::ErrorKind::kForeign,
        base::Concat("database ", database,
                     " holds an import that did not come to its end; run the same `kvshim migrate` "
                     "or `kvshim snapshot restore` again to complete it, or drop the database"));
  }
  return sql::MakeError(
      sql::ErrorKind::kNewerSchema,
      base::Concat("database ", database, " holds batches of a newer kvshim (format ",
                   batch.min_reader, ", this one knows ", kFormat,
                   "); use that release or a newer one"));
}

}  // namespace kvshim::log
