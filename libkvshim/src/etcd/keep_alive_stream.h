// KeepAliveStream: keepalives of one client stream, answered in the order they came, one at a time.
//
// A client that sends keepalives faster than it takes the answers is not read from meanwhile.
//
// Thread safety: as StreamHandler; the store's answers may come on other threads.
#pragma once

#include <memory>

#include "etcd/service_context.h"
#include "rpc/call.h"

namespace kvshim::etcd {

class KeepAliveStream final : public rpc::StreamHandler {
 public:
  explicit KeepAliveStream(const ServiceContext& context);

  void OnOpen(std::shared_ptr<rpc::Stream> stream) override;
  void OnMessage(rpc::Payload message) override;
  void OnHalfClose() override;
  void OnDrained() override;
  void OnDone() override {}

 private:
  class Answers;
  const std::shared_ptr<Answers> answers_;  // shared with the keepalive under way
};

}  // namespace kvshim::etcd
