// A database of kvshim's own as a target: revisions, versions and history are kept.
//
// Thread safety: as Target.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "sql/database.h"
#include "sql/dsn.h"
#include "transfer/target.h"

namespace kvshim::transfer {

absl::StatusOr<std::unique_ptr<Target>> OpenLogTarget(const sql::Dsn& dsn,
                                                      const std::string& origin,
                                                      const sql::NetworkOptions& network);

}  // namespace kvshim::transfer
