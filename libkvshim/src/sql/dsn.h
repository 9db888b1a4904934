// Dsn: the text that names a database, taken apart but not yet judged by a dialect.
//
// Thread safety: a value.
//
//   ASSIGN_OR_RETURN(Dsn dsn, Dsn::Parse("sqlite:///var/lib/kvshim/state.db?synchronous=extra"));
//   dsn.scheme == "sqlite"; dsn.address == "/var/lib/kvshim/state.db";
//
// Forms: SCHEME://ADDRESS[?NAME=VALUE[&NAME=VALUE...]], or a plain path, which means sqlite://PATH.
// An empty text, or one without an address, names SQLite's default file, ./db/state.db. The
// address is taken as it stands up to the first '?': nothing is percent-decoded.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kvshim::sql {

inline constexpr std::string_view kSqliteScheme = "sqlite";
inline constexpr std::string_view kDefaultSqlitePath = "./db/state.db";

struct Dsn {
  std::string scheme;
  std::string address;
  std::vector<std::pair<std::string, std::string>> parameters;  // in the order written

  static absl::StatusOr<Dsn> Parse(std::string_view text);

  // The value of a parameter, or null where it is not given. The last one written counts.
  const std::string* Find(std::string_view name) const;

  // Refuses the first parameter that is not among `accepted`, naming it and what is accepted.
  absl::Status Accept(std::initializer_list<std::string_view> accepted) const;
};

}  // namespace kvshim::sql
