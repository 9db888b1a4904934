// The connections that a load goes over, and the completion queue that one thread drives. Calls
// carry bytes: what they mean is the workload's matter. Not thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"

namespace kvshim::bench {

inline constexpr char kRange[] = "/etcdserverpb.KV/Range";
inline constexpr char kPut[] = "/etcdserverpb.KV/Put";
inline constexpr char kTxn[] = "/etcdserverpb.KV/Txn";
inline constexpr char kWatch[] = "/etcdserverpb.Watch/Watch";

// What any call may take before it counts as failed; nothing waits longer.
inline constexpr std::chrono::seconds kCallTimeout{30};

// What the completion queue's tags point to.
class Completion {
 public:
  virtual ~Completion() = default;
  // `ok` is false when the call is over and had nothing more to give.
  virtual void Done(bool ok) = 0;
};

class Connections {
 public:
  // Waits until each of `count` connections stands, which are dealt out to the servers at `targets`
  // (host:port), at least one to each.
  static absl::StatusOr<std::unique_ptr<Connections>> Open(const std::vector<std::string>& targets,
                                                           int count);
  ~Connections();

  // The connection of the client numbered `client`; clients are dealt out evenly.
  grpc::GenericStub& of(int client) { return *stubs_[static_cast<size_t>(client) % stubs_.size()]; }
  // The same among those to one of the servers, counted from 0.
  grpc::GenericStub& of(int server, int client) {
    const auto each = static_cast<int>(stubs_.size()) / servers_;
    return *stubs_[static_cast<size_t>(server + client % each * servers_)];
  }
  int servers() const { return servers_; }
  grpc::CompletionQueue& queue() { return queue_; }

  // Runs what has completed until `deadline`, or one completion where that comes first. False: the
  // deadline came.
  bool RunOne(std::chrono::system_clock::time_point deadline);

  // One call, waited for; nothing else may be under way.
  absl::Status Call(const char* method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite* reply);

 private:
  explicit Connections(int servers) : servers_(servers) {}

  const int servers_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
};

grpc::ByteBuffer Serialize(const google::protobuf::MessageLite& message);
absl::Status Parse(grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message);
absl::Status ToStatus(const grpc::Status& status);

}  // namespace kvshim::bench
