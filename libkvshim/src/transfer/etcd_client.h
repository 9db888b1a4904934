// EtcdClient: calls of a live etcd, or of a kvshim, over gRPC.
//
// A call that does not reach the server is repeated for a while; every call made here may be.
//
// Thread safety: one thread at a time.
//
//   ASSIGN_OR_RETURN(auto client, EtcdClient::Connect("http://127.0.0.1:2379", {}));
//   ASSIGN_OR_RETURN(auto response, client->Call<etcdserverpb::RangeResponse>(kRange, request));
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "remote/address.h"
#include "remote/methods.h"
#include "rpc.pb.h"
#include "sql/database.h"

namespace kvshim::transfer {

using remote::kDeleteRange;
using remote::kLeaseGrant;
using remote::kLeaseLeases;
using remote::kLeaseTimeToLive;
using remote::kPut;
using remote::kRange;
using remote::kTxn;

// What etcd takes in one txn by default.
inline constexpr int kMaxTxnOps = 128;

class EtcdClient {
 public:
  // `name`: addresses (remote/address.h), of which the first that answers is taken.
  static absl::StatusOr<std::unique_ptr<EtcdClient>> Connect(const std::string& name,
                                                             const sql::NetworkOptions& network);

  const std::string& name() const { return name_; }
  uint64_t cluster_id() const { return cluster_id_; }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const char* method, const Request& request) {
    Response response;
    absl::Status status = Call(method, request, response);
    if (!status.ok()) return status;
    return response;
  }

  absl::StatusOr<std::vector<int64_t>> Leases();  // ascending
  absl::Status KeepAlive(std::span<const int64_t> leases);

  // The pieces of a snapshot as the server sends them; `visit` returns an error to stop.
  absl::Status Snapshot(const std::function<absl::Status(const std::string&)>& visit);

  // All keys as they were at `revision` (0: as they are, and all pages at that revision), by key.
  // `visit` gets each page.
  absl::Status List(int64_t revision, bool keys_only,
                    const std::function<absl::Status(const etcdserverpb::RangeResponse&)>& visit);

 private:
  EtcdClient(const remote::Address& address, std::shared_ptr<grpc::Channel> channel)
      : name_(address.Url()), address_(address), channel_(std::move(channel)) {}

  absl::Status Authenticate();
  // What every call is sent with.
  void Fill(grpc::ClientContext& context) const;

  absl::Status Call(const char* method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite& response);

  const std::string name_;
  const remote::Address address_;
  const std::shared_ptr<grpc::Channel> channel_;
  std::string token_;  // where there is an account
  uint64_t cluster_id_ = 0;
};

}  // namespace kvshim::transfer
