// What the machine could do if a server of etcd's API had nothing to do: a gRPC server that answers
// bytes, on the event loops that kvshim uses, and calls of it.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "calls.h"

namespace kvshim::bench {

// Serves until the process is ended; its host:port stands in `ready_file` once it does.
absl::Status ServeEcho(const std::filesystem::path& ready_file);

// Requests of `request_size` bytes that are answered with `reply_size`.
class EchoCalls final : public Calls {
 public:
  EchoCalls(size_t request_size, size_t reply_size);

  const char* Next(int client, std::string& request) override;
  absl::Status Check(int client, const Reply& reply) override;
  size_t kept_bytes() const override { return 0; }

 private:
  const size_t reply_size_;
  std::string request_;
};

}  // namespace kvshim::bench
