// The connections that a load goes over; one thread drives them all. Calls carry bytes: what they
// mean is the workload's matter. Not thread-safe.
//
//   ASSIGN_OR_RETURN(auto connections, Connections::Open({"127.0.0.1:2379"}, 8));
//   connections->of(client).Start(kRange, request, true, handler);
//   while (!handler.done) connections->RunOnce(steady_clock::now() + kCallTimeout);
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "channel.h"
#include "google/protobuf/message_lite.h"

namespace kvshim::bench {

inline constexpr char kRange[] = "/etcdserverpb.KV/Range";
inline constexpr char kPut[] = "/etcdserverpb.KV/Put";
inline constexpr char kTxn[] = "/etcdserverpb.KV/Txn";
inline constexpr char kCompact[] = "/etcdserverpb.KV/Compact";
inline constexpr char kWatch[] = "/etcdserverpb.Watch/Watch";
inline constexpr char kLeaseGrant[] = "/etcdserverpb.Lease/LeaseGrant";
inline constexpr char kLeaseKeepAlive[] = "/etcdserverpb.Lease/LeaseKeepAlive";
inline constexpr char kStatus[] = "/etcdserverpb.Maintenance/Status";

// What any call may take before it counts as failed; nothing waits longer.
inline constexpr std::chrono::seconds kCallTimeout{30};

class Connections {
 public:
  // Opens `count` connections, which are dealt out to the servers at `targets` (host:port), at
  // least one to each.
  static absl::StatusOr<std::unique_ptr<Connections>> Open(const std::vector<std::string>& targets,
                                                           int count);
  ~Connections();

  // The connection of the client numbered `client`; clients are dealt out evenly.
  Channel& of(int client) { return *channels_[static_cast<size_t>(client) % channels_.size()]; }
  // The same among those to one of the servers, counted from 0.
  Channel& of(int server, int client) {
    const auto each = static_cast<int>(channels_.size()) / servers_;
    return *channels_[static_cast<size_t>(server + client % each * servers_)];
  }
  int servers() const { return servers_; }

  // Sends what waits, then runs what comes until `deadline`, or once where something comes first.
  // False: the deadline came.
  bool RunOnce(std::chrono::steady_clock::time_point deadline);

  // One call, waited for.
  absl::Status Call(const char* method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite* reply);

  // Forgets all calls under way: their handlers hear nothing more.
  void Abandon();

 private:
  explicit Connections(int servers) : servers_(servers) {}

  void Flush();

  const int servers_;
  int poll_ = -1;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<bool> watched_for_room_;  // of each channel: its socket was full
};

absl::Status Parse(const Reply& reply, google::protobuf::MessageLite* message);

}  // namespace kvshim::bench
