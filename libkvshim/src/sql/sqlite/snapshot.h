// A consistent copy of a database, as a stream of bytes.
//
// Thread safety: any thread; opens a connection of its own.
//
// The copy is first made in a file beside the database (a slow receiver must not keep the
// write-ahead log from being reused), which has lost its name before the first byte is sent. The
// bytes are a database file that can be put in the place of another one.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "sql/fault_point.h"
#include "sql/sqlite/options.h"

namespace kvshim::sql::sqlite {

// `sink` gets each piece and how many bytes follow it, and returns false to stop (kCancelled).
absl::Status StreamSnapshot(const Options& options, const FaultHook& fault,
                            const std::function<bool(std::string_view, uint64_t)>& sink);

}  // namespace kvshim::sql::sqlite
