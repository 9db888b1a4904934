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
#include "rpc.pb.h"
#include "sql/database.h"

namespace kvshim::transfer {

inline constexpr char kRange[] = "/etcdserverpb.KV/Range";
inline constexpr char kPut[] = "/etcdserverpb.KV/Put";
inline constexpr char kDeleteRange[] = "/etcdserverpb.KV/DeleteRange";
inline constexpr char kTxn[] = "/etcdserverpb.KV/Txn";
inline constexpr char kLeaseGrant[] = "/etcdserverpb.Lease/LeaseGrant";
inline constexpr char kLeaseTimeToLive[] = "/etcdserverpb.Lease/LeaseTimeToLive";
inline constexpr char kLeaseLeases[] = "/etcdserverpb.Lease/LeaseLeases";

// What etcd takes in one txn by default.
inline constexpr int kMaxTxnOps = 128;

class EtcdClient {
 public:
  // `name`: http://USER:PASSWORD@HOST:PORT or https://, several separated by commas: the first that
  // answers is taken. User and password may be left out; what is special in a URL stands in them
  // percent-encoded. The files of `network` are for https.
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
  struct Account {
    std::string user, password;
  };

  EtcdClient(std::string name, Account account, std::shared_ptr<grpc::Channel> channel)
      : name_(std::move(name)), account_(std::move(account)), channel_(std::move(channel)) {}

  static Account AccountOf(const std::string& url);
  absl::Status Authenticate();
  // What every call is sent with.
  void Fill(grpc::ClientContext& context) const;

  absl::Status Call(const char* method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite& response);

  const std::string name_;
  const Account account_;
  const std::shared_ptr<grpc::Channel> channel_;
  std::string token_;  // where there is an account
  uint64_t cluster_id_ = 0;
};

}  // namespace kvshim::transfer
