// What a database could do if it had nothing above it: the same few rows inserted in one
// transaction after the other, each made durable, straight through the database's own client.
#pragma once

#include <chrono>
#include <filesystem>

#include "absl/status/statusor.h"
#include "database.h"
#include "result.h"

namespace kvshim::bench {

// Inserts `rows` rows with values of `value_size` bytes at a time for `duration`, in a new database
// in the empty `folder`. Operations are rows, latencies those of their commits.
absl::StatusOr<Result> RunGroupCommit(Engine engine, const std::filesystem::path& folder, int rows,
                                      size_t value_size, std::chrono::milliseconds duration);

}  // namespace kvshim::bench
