// Reads of a populated prefix. Each request is serialized once; of a reply only its size is looked
// at, except for a count.
#pragma once

#include <string>
#include <vector>

#include "calls.h"
#include "rpc.pb.h"

namespace kvshim::bench {

// Sends the requests it was given in turn, and wants replies of at least `least_bytes`.
class ReadCalls final : public Calls {
 public:
  ReadCalls(const std::vector<etcdserverpb::RangeRequest>& requests, size_t least_bytes);

  const char* Next(int client, std::string& request) override;
  absl::Status Check(int client, const Reply& reply) override;
  size_t kept_bytes() const override { return 0; }

 private:
  std::vector<std::string> requests_;
  const size_t least_bytes_;
  size_t next_ = 0;
};

// Counts a prefix, and wants `expected`.
class CountCalls final : public Calls {
 public:
  CountCalls(const std::string& prefix, int64_t expected);

  const char* Next(int client, std::string& request) override;
  absl::Status Check(int client, const Reply& reply) override;

 private:
  std::string request_;
  const int64_t expected_;
  etcdserverpb::RangeResponse reply_;
};

// Lists a prefix page by page, as a Kubernetes client with a limit does: each client goes through
// all pages in turn, the further ones at the revision of its first.
class PageCalls final : public Calls {
 public:
  PageCalls(std::string prefix, int64_t count, int64_t page, int clients);

  const char* Next(int client, std::string& request) override;
  absl::Status Check(int client, const Reply& reply) override;
  // The header, which comes first.
  size_t kept_bytes() const override { return 64; }

 private:
  struct Client {
    int64_t next_key = 0;
    int64_t revision = 0;
  };

  const std::string prefix_;
  const int64_t count_;
  const int64_t page_;
  std::vector<Client> clients_;
};

// Gets of all keys of a prefix, in an order that jumps.
std::vector<etcdserverpb::RangeRequest> GetRequests(const std::string& prefix, int64_t count,
                                                    bool serializable);
// The whole prefix, or its first `limit` keys; 0 is no limit.
etcdserverpb::RangeRequest ListRequest(const std::string& prefix, int64_t limit);

}  // namespace kvshim::bench
