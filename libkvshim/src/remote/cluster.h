// Cluster: the servers of one etcd, of which one is spoken to, and another where that fails.
//
// What only reads is asked again elsewhere, until the deadline. What writes is sent once: where the
// connection breaks off it is not known whether it was done, and the caller is told so; it is sent
// elsewhere only where it cannot have been sent at all. A server that belongs to another cluster
// than the first one is not believed.
//
// Thread safety: every method may be called from any thread that may block.
//
//   ASSIGN_OR_RETURN(auto cluster, Cluster::Connect("http://a:2379,http://b:2379", {}));
//   etcdserverpb::RangeResponse response;
//   RETURN_IF_ERROR(cluster->Call(kRange, Repeat::kAlways, request, response));
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/status.h"
#include "remote/address.h"
#include "remote/methods.h"
#include "rpc.pb.h"

namespace kvshim::remote {

enum class Repeat { kAlways, kIfUnsent };

struct ClusterOptions {
  TlsFiles tls;
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds call_timeout{7000};
};

class Cluster {
 public:
  // kUnavailable where none of the servers answers.
  static absl::StatusOr<std::unique_ptr<Cluster>> Connect(const std::string& addresses,
                                                          const ClusterOptions& options);

  // The errors are etcd's own, its codes absl's.
  template <typename Request, typename Response>
  absl::Status Call(const char* method, Repeat repeat, const Request& request, Response& response) {
    RETURN_IF_ERROR(CallUnary(method, repeat, request, response));
    return Note(response.header());
  }

  // The server that is spoken to, once it is connected.
  struct Connection {
    std::shared_ptr<grpc::Channel> channel;
    size_t index = 0;
  };
  absl::StatusOr<Connection> Connected();
  void Fill(grpc::ClientContext& context);
  void SetDeadline(grpc::ClientContext& context) const;
  // The connection failed: the next call takes another server.
  void Leave(const Connection& connection);
  // The error of a call, after which another server is taken where this one is away.
  absl::Status Failed(const Connection& connection, const grpc::Status& status);
  // Checks whose answer it is, and notes how far the cluster has come.
  absl::Status Note(const etcdserverpb::ResponseHeader& header);

  uint64_t id() const { return id_; }
  int64_t revision() const { return revision_; }  // the newest that was heard of
  const std::string& name() const { return name_; }

 private:
  struct Server {
    Address address;
    std::shared_ptr<grpc::Channel> channel;
  };

  Cluster(std::vector<Server> servers, const ClusterOptions& options);

  absl::Status CallUnary(const char* method, Repeat repeat,
                         const google::protobuf::MessageLite& request,
                         google::protobuf::MessageLite& response);
  absl::Status Authenticate();

  const std::vector<Server> servers_;
  const ClusterOptions options_;
  const std::string name_;
  std::atomic<size_t> current_{0};
  std::atomic<uint64_t> id_{0};
  std::atomic<int64_t> revision_{0};
  base::Mutex mutex_;
  std::string token_ GUARDED_BY(mutex_);  // where there is an account
};

}  // namespace kvshim::remote
