// A live etcd as a target, by its API: the living keys are put in the order of their revisions,
// under new ones. Leases keep their ids; until the end they are kept alive.
//
// While a copy is not complete the key kvshim-import-unfinished says so, and of what.
//
// Thread safety: as Target.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "sql/database.h"
#include "transfer/target.h"

namespace kvshim::transfer {

absl::StatusOr<std::unique_ptr<Target>> OpenEtcdTarget(const std::string& name,
                                                       const std::string& origin,
                                                       const sql::NetworkOptions& network);

}  // namespace kvshim::transfer
