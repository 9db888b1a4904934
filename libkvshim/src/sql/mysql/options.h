// Options: what a mysql:// DSN asks for.
//
// Thread safety: a value.
//
//   mysql://USER:PASSWORD@tcp(HOST:PORT[,HOST:PORT...])/DATABASE?NAME=VALUE
//   mysql://USER:PASSWORD@HOST:PORT/DATABASE
//   mysql://USER@unix(/run/mysqld/mysqld.sock)/DATABASE
//
// As go-sql-driver, kine and K3s write it. What is left out: user root, port 3306, the database
// kubernetes; mysql:// alone is the socket /var/run/mysqld/mysqld.sock. An IPv6 address stands in
// brackets. The password may be percent-encoded or not, and a '?' in it must be (%3F). The
// parameters of go-sql-driver that concern only Go programs are taken and have no effect, its time
// limits included; tls is true, skip-verify, preferred or false. Three more are ours:
// password_file=PATH, password_env=NAME, and compound=true, for a Galera cluster behind something
// that hides it (append_script.h).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sql/database.h"
#include "sql/dsn.h"

namespace kvshim::sql::mysql {

inline constexpr char kDefaultDatabase[] = "kubernetes";
inline constexpr char kDefaultUser[] = "root";
inline constexpr char kDefaultSocket[] = "/var/run/mysqld/mysqld.sock";
inline constexpr unsigned kDefaultPort = 3306;

// Where a server listens: at a socket's path, or at an address and a port.
struct Host {
  std::string socket;
  std::string address;
  unsigned port = kDefaultPort;

  std::string Name() const;  // "db1:3306", "[::1]:3306", "unix(/path)"
};

enum class Encryption {
  kNone,
  kPreferred,   // where the server can
  kUnverified,  // always, with any certificate
  kVerified,    // always, with a certificate of a trusted authority that names the host
};

struct Options {
  std::vector<Host> hosts;  // at least one
  std::string user = kDefaultUser;
  std::vector<std::string> passwords;  // the ways to read it; the next is tried where one is denied
  std::string database = kDefaultDatabase;
  std::string name;  // for messages: mysql://HOST:PORT/DATABASE
  Encryption encryption = Encryption::kNone;
  bool compound = false;  // appends are compound statements, wherever they go
  NetworkOptions network;

  static absl::StatusOr<Options> FromDsn(const Dsn& dsn, const NetworkOptions& network);
};

}  // namespace kvshim::sql::mysql
