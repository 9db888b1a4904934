// A server started for a measurement, with its data in a folder of its own; stopped, and its
// folder removed, when this goes. It does not outlive the load generator.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kvshim::bench {

class ServerProcess {
 public:
  // Both make a new folder below `parent`, pick free ports of 127.0.0.1 and return when the server
  // answers. Every commit is synced by both: that is their default.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> StartKvshim(
      const std::string& binary, const std::filesystem::path& parent);
  static absl::StatusOr<std::unique_ptr<ServerProcess>> StartEtcd(
      const std::string& binary, const std::filesystem::path& parent);

  ~ServerProcess();

  // Stops it and starts it again on its data. Ports may change.
  absl::Status Restart();

  pid_t pid() const { return pid_; }
  // host:port
  const std::string& target() const { return target_; }

 private:
  ServerProcess() = default;

  enum class Kind { kKvshim, kEtcd };

  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(Kind kind, const std::string& binary,
                                                              const std::filesystem::path& parent);
  absl::Status Launch();
  absl::Status LaunchKvshim();
  absl::Status LaunchEtcd();
  absl::Status Execute(const std::vector<std::string>& command);
  void Stop();
  // What is wrong, with the end of the server's output.
  absl::Status Failure(const std::string& what) const;
  bool HasEnded();

  Kind kind_ = Kind::kKvshim;
  std::string binary_;
  pid_t pid_ = 0;
  std::string target_;
  std::filesystem::path folder_;
};

// The first line that `command` prints; empty where it cannot be run.
std::string FirstLineOf(const std::vector<std::string>& command);

}  // namespace kvshim::bench
