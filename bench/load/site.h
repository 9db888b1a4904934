// A contender set up to be loaded: its database, its servers and the folder of both. Filled once;
// each round then begins with a copy of what the filled and stopped servers left on the disk, so
// that every round meets the same state, just restarted.
//
//   ASSIGN_OR_RETURN(auto site, Site::Create(contender, "/srv/scratch", load));   // fills it
//   RETURN_IF_ERROR(site->Begin());                                              // each round
//   Connections::Open(site->targets(), 8)
//   site->End();
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "database.h"
#include "process_usage.h"
#include "server_process.h"
#include "workload.h"

namespace kvshim::bench {

struct Contender {
  std::string name;
  Engine engine = Engine::kSqlite;  // etcd has none and counts with SQLite: no server below it
  int servers = 1;
  ServerSettings settings;
  // Of a database server that runs already; empty where one is started. Each contender and round
  // gets a database of its own there, which stays.
  std::string given_dsn;
};

class Site {
 public:
  // Makes a folder below `parent` and, unless the database is given, fills it with `keys`.
  static absl::StatusOr<std::unique_ptr<Site>> Create(const Contender& contender,
                                                      const std::filesystem::path& parent,
                                                      const LoadOptions& load,
                                                      const std::vector<Keys>& keys);
  // Stops everything and removes the folder.
  ~Site();

  // Starts the servers on a fresh copy and returns when they answer.
  absl::Status Begin();
  void End();
  // Of a begun site: the servers alone go and come again, on what they left on the disk.
  void StopServers() { servers_.clear(); }
  absl::Status StartServers();

  // Until End; empty before Begin. host:port of each server.
  std::vector<std::string> targets() const;
  ProcessGroup processes() const;
  const Contender& contender() const { return contender_; }

 private:
  Site(Contender contender, LoadOptions load, std::vector<Keys> keys)
      : contender_(std::move(contender)), load_(std::move(load)), keys_(std::move(keys)) {}

  bool HasDatabaseServer() const;
  bool IsGiven() const { return !contender_.given_dsn.empty(); }
  absl::Status Launch(const std::filesystem::path& folder);
  absl::Status LaunchServers(const std::filesystem::path& folder);
  absl::Status FillKeys();
  absl::Status Copy();

  const Contender contender_;
  const LoadOptions load_;
  const std::vector<Keys> keys_;
  std::filesystem::path folder_;  // holds template/ and current/
  std::string given_name_;        // of the round's database on a given server
  std::unique_ptr<DatabaseServer> database_;
  std::vector<std::unique_ptr<ServerProcess>> servers_;
};

}  // namespace kvshim::bench
