// The tables that show the present state beside the keys, as they derive from ops: leases have one
// of their own, the rest lies in kv_meta by name.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/head.h"
#include "log/op.h"
#include "sql/database.h"
#include "sql/record.h"

namespace kvshim::log {

std::vector<sql::Projection> ProjectOps(std::span<const Op> ops);

// The alarm that a row of kv_meta stands for; nullopt where it is something else.
absl::StatusOr<std::optional<SetAlarm>> ParseAlarm(std::string_view name, std::string_view value);

std::vector<sql::PutMeta> IdentityMeta(const Identity& identity);
absl::StatusOr<Identity> ReadIdentity(sql::Database& database);

}  // namespace kvshim::log
