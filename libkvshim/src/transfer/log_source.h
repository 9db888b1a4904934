// A database of kvshim's own as a source: all its history, and its leases with their whole time to
// live, as a server grants it anew when it starts.
//
// Thread safety: as Source.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "sql/dsn.h"
#include "transfer/source.h"

namespace kvshim::transfer {

absl::StatusOr<std::unique_ptr<Source>> OpenLogSource(const sql::Dsn& dsn,
                                                      const SourceOptions& options);

}  // namespace kvshim::transfer
