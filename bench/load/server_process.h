// One server under load: kvshim, etcd or kine, with what it keeps besides its database in a folder
// of its own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "process.h"

namespace kvshim::bench {

enum class Product { kKvshim, kEtcd, kKine };

struct ServerSettings {
  Product product = Product::kKvshim;
  std::string program;
  std::string dsn;                 // empty: a database of its own in its folder
  int kine_connections = 0;        // that kine opens at most and keeps; 0 leaves kine's defaults
  std::vector<std::string> flags;  // further ones
};

class ServerProcess {
 public:
  // Starts it in `folder`, on what it left there, and returns when it answers at a free port of
  // 127.0.0.1.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const ServerSettings& settings,
                                                              const std::filesystem::path& folder);

  pid_t pid() const { return process_->pid(); }
  // host:port
  const std::string& target() const { return target_; }

 private:
  ServerProcess() = default;

  absl::Status LaunchKvshim(const ServerSettings& settings, const std::filesystem::path& folder);
  absl::Status LaunchEtcd(const ServerSettings& settings, const std::filesystem::path& folder);
  absl::Status LaunchKine(const ServerSettings& settings, const std::filesystem::path& folder);
  // Until the server accepts connections there.
  absl::Status AwaitPort(int port);

  std::unique_ptr<Process> process_;
  std::string target_;
};

}  // namespace kvshim::bench
