// SnapshotStream: the database as a file, in pieces, then the SHA-256 of all of them.
//
// The store writes on a thread of its own, which waits here while the client takes what it has; a
// client that takes nothing for half a minute is given up, so that it cannot hold the thread.
//
// Thread safety: as StreamHandler; the store's pieces come on another thread.
#pragma once

#include <memory>

#include "etcd/service_context.h"
#include "rpc/call.h"

namespace kvshim::etcd {

class SnapshotStream final : public rpc::StreamHandler {
 public:
  explicit SnapshotStream(const ServiceContext& context);

  void OnOpen(std::shared_ptr<rpc::Stream> stream) override;
  void OnMessage(rpc::Payload message) override;
  void OnDrained() override;
  void OnDone() override;

 private:
  class Pieces;
  const std::shared_ptr<Pieces> pieces_;  // shared with the store's thread
};

}  // namespace kvshim::etcd
