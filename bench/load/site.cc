#include "site.h"

#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/status.h"
#include "base/strings.h"
#include "connections.h"

namespace kvshim::bench {
namespace {

constexpr char kTemplate[] = "template";
constexpr char kCurrent[] = "current";
constexpr char kDatabase[] = "database";
constexpr char kDatabaseName[] = "kubernetes";

// Several servers of one database know each other by then, and have taken over what those had that
// filled it: otherwise that would be measured now and then.
constexpr std::chrono::seconds kAcquaintance{5};

std::string ServerFolder(int number) { return base::Concat("server", number); }

}  // namespace

absl::StatusOr<std::unique_ptr<Site>> Site::Create(const Contender& contender,
                                                   const std::filesystem::path& parent,
                                                   const LoadOptions& load,
                                                   const std::vector<Keys>& keys) {
  std::unique_ptr<Site> site(new Site(contender, load, keys));
  std::string folder = std::filesystem::absolute(parent) / "kvshim-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::PermissionDeniedError(base::Concat("cannot make a folder in ", parent.string()));
  }
  site->folder_ = folder;
  // The database's own user must reach it.
  std::filesystem::permissions(folder, std::filesystem::perms(0755));
  const std::filesystem::path original = site->folder_ / kTemplate;
  std::filesystem::create_directory(original);
  for (int i = 0; i < contender.servers; ++i) {
    std::filesystem::create_directory(original / ServerFolder(i));
  }
  if (site->IsGiven()) return site;
  if (site->HasDatabaseServer()) {
    std::filesystem::create_directory(original / kDatabase);
    RETURN_IF_ERROR(DatabaseServer::Create(contender.engine, original / kDatabase));
  }
  RETURN_IF_ERROR(site->Launch(original));
  RETURN_IF_ERROR(site->FillKeys());
  site->End();
  return site;
}

Site::~Site() {
  End();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

bool Site::HasDatabaseServer() const { return !IsGiven() && contender_.engine != Engine::kSqlite; }

absl::Status Site::Begin() {
  RETURN_IF_ERROR(Copy());
  const std::filesystem::path folder = folder_ / kCurrent;
  if (!IsGiven()) return Launch(folder);
  given_name_ = base::Concat(
      "bench_", std::chrono::system_clock::now().time_since_epoch() / std::chrono::microseconds(1));
  RETURN_IF_ERROR(LaunchServers(folder));
  if (keys_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(FillKeys());
  servers_.clear();
  return LaunchServers(folder);
}

// cp keeps owners and modes, which the standard library does not. What it wrote is on the disk
// before anything is measured.
absl::Status Site::Copy() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_ / kCurrent, ignored);
  RETURN_IF_ERROR(RunToEnd({{"cp", "-a", kTemplate, kCurrent}, folder_}));
  sync();
  return absl::OkStatus();
}

absl::Status Site::Launch(const std::filesystem::path& folder) {
  if (HasDatabaseServer()) {
    ASSIGN_OR_RETURN(database_, DatabaseServer::Start(contender_.engine, folder / kDatabase));
  }
  return LaunchServers(folder);
}

absl::Status Site::StartServers() { return LaunchServers(folder_ / kCurrent); }

absl::Status Site::LaunchServers(const std::filesystem::path& folder) {
  ServerSettings settings = contender_.settings;
  if (IsGiven()) {
    ASSIGN_OR_RETURN(settings.dsn, WithDatabase(contender_.given_dsn, given_name_));
  } else if (database_ != nullptr) {
    settings.dsn = database_->Dsn(kDatabaseName);
  }
  for (int i = 0; i < contender_.servers; ++i) {
    ASSIGN_OR_RETURN(auto server, ServerProcess::Start(settings, folder / ServerFolder(i)));
    servers_.push_back(std::move(server));
  }
  if (contender_.servers > 1) std::this_thread::sleep_for(kAcquaintance);
  return absl::OkStatus();
}

absl::Status Site::FillKeys() {
  if (keys_.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto connections, Connections::Open(targets(), load_.connections));
  for (const Keys keys : keys_) RETURN_IF_ERROR(Fill(*connections, load_, keys));
  return absl::OkStatus();
}

void Site::End() {
  servers_.clear();
  database_.reset();
}

std::vector<std::string> Site::targets() const {
  std::vector<std::string> targets;
  for (const auto& server : servers_) targets.push_back(server->target());
  return targets;
}

ProcessGroup Site::processes() const {
  ProcessGroup group;
  for (const auto& server : servers_) group.servers.push_back(server->pid());
  if (contender_.settings.product != Product::kKine) group.metrics = targets();
  if (database_ != nullptr) group.database = database_->pid();
  return group;
}

}  // namespace kvshim::bench
