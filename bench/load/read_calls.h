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

  const char* method() const override;
  grpc::ByteBuffer Next(int client) override;
  absl::Status Check(int client, grpc::ByteBuffer& reply) override;

 private:
  std::vector<grpc::ByteBuffer> requests_;
  const size_t least_bytes_;
  size_t next_ = 0;
};

// Counts a prefix, and wants `expected`.
class CountCalls final : public Calls {
 public:
  CountCalls(const std::string& prefix, int64_t expected);

  const char* method() const override;
  grpc::ByteBuffer Next(int client) override;
  absl::Status Check(int client, grpc::ByteBuffer& reply) override;

 private:
  grpc::ByteBuffer request_;
  const int64_t expected_;
  etcdserverpb::RangeResponse reply_;
};

// Gets of all keys of a prefix, in an order that jumps.
std::vector<etcdserverpb::RangeRequest> GetRequests(const std::string& prefix, int64_t count,
                                                    bool serializable);
// The whole prefix, or its first `limit` keys; 0 is no limit.
etcdserverpb::RangeRequest ListRequest(const std::string& prefix, int64_t limit);

}  // namespace kvshim::bench
