// Passwords that stand beside a DSN: the parameters password_file=PATH and password_env=NAME, which
// every dialect with passwords takes.
//
// Thread safety: a pure function of the DSN, the file and the environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sql/dsn.h"

namespace kvshim::sql {

inline constexpr std::string_view kPasswordFile = "password_file";
inline constexpr std::string_view kPasswordEnv = "password_env";

// The password; nullopt where neither is given. A newline at the end of the file does not count.
absl::StatusOr<std::optional<std::string>> OutsidePassword(const Dsn& dsn);

}  // namespace kvshim::sql
