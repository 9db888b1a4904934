// Options: what a postgres:// DSN asks for, as libpq wants it said.
//
// Thread safety: a value.
//
//   postgres://USER:PASSWORD@HOST:PORT[,HOST:PORT...]/DATABASE?sslmode=verify-full&...
//
// libpq takes the address apart: user, password and database may be percent-encoded, and every
// parameter that libpq knows is one here. Two more are ours: password_file=PATH and
// password_env=NAME, for a password that stands in neither the DSN nor a process list.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "sql/database.h"
#include "sql/dsn.h"

namespace kvshim::sql::postgres {

inline constexpr char kDefaultDatabase[] = "kubernetes";

// Where a server listens, in libpq's words; what is empty is libpq's to choose.
struct Host {
  std::string name;     // or a socket's folder
  std::string address;  // in its place, where given
  std::string port;

  std::string Place() const;  // for messages: "db1:5432"
};

struct Options {
  // Keywords and values for PQconnectStartParams, without the host's and dbname.
  std::vector<std::pair<std::string, std::string>> keywords;
  std::vector<Host> hosts;  // at least one
  std::string database;
  std::string name;  // for messages: postgres://HOST:PORT/DATABASE
  NetworkOptions network;

  static absl::StatusOr<Options> FromDsn(const Dsn& dsn, const NetworkOptions& network);
};

}  // namespace kvshim::sql::postgres
