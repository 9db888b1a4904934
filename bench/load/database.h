// The database under a server: an SQLite file, or a PostgreSQL or MariaDB server, which is started
// for the measurement with its data in a folder of its own, or is there already (a DSN).
//
// A server started here keeps the settings it has by default, durable ones included, but for room
// for more connections; SettingsOf tells them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "process.h"

namespace kvshim::bench {

enum class Engine { kSqlite, kPostgres, kMariaDb };

// "SQLite", and "sqlite" on the command line.
std::string NameOf(Engine engine);
std::string FlagOf(Engine engine);

// What is set other than by default, for the report; empty for SQLite.
std::string SettingsOf(Engine engine);

// Its version as the program says it; an error where it is not installed.
absl::StatusOr<std::string> VersionOf(Engine engine);

// Puts another database into a DSN: postgres://…/NAME?… or mysql://…@tcp(…)/NAME?…
absl::StatusOr<std::string> WithDatabase(const std::string& dsn, const std::string& name);

// A server of PostgreSQL or MariaDB, stopped when this goes.
class DatabaseServer {
 public:
  // Makes a new database in `folder`, which exists and is empty.
  static absl::Status Create(Engine engine, const std::filesystem::path& folder);
  // Starts a server on what Create, or a copy of it, left there, and returns when it answers.
  static absl::StatusOr<std::unique_ptr<DatabaseServer>> Start(Engine engine,
                                                               const std::filesystem::path& folder);

  // Of a server that listens on the loopback for the minutes of a measurement, with no data of
  // worth.
  static constexpr char kUser[] = "bench";
  static constexpr char kPassword[] = "bench";

  // As kvshim and kine take it; the database `name` need not exist.
  std::string Dsn(const std::string& name) const;
  int port() const { return port_; }
  pid_t pid() const { return process_->pid(); }

 private:
  DatabaseServer(Engine engine, int port) : engine_(engine), port_(port) {}

  const Engine engine_;
  const int port_;
  std::unique_ptr<Process> process_;
};

}  // namespace kvshim::bench
