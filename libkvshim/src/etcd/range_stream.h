// RangeStream: a range answered in parts, so that neither side holds a long answer at once.
//
// The first part decides the revision; the following ones read at it, each from behind the last
// key of the one before. A part is read when the client has taken the one before it. Header, count
// and more come in the last part.
//
// Thread safety: as StreamHandler; the store's answers come on other threads.
#pragma once

#include <memory>

#include "etcd/service_context.h"
#include "rpc/call.h"

namespace kvshim::etcd {

class RangeStream final : public rpc::StreamHandler {
 public:
  explicit RangeStream(const ServiceContext& context);

  void OnOpen(std::shared_ptr<rpc::Stream> stream) override;
  void OnMessage(rpc::Payload message) override;
  void OnDrained() override;
  void OnDone() override;

 private:
  class Parts;
  const std::shared_ptr<Parts> parts_;  // shared with the reads under way
};

}  // namespace kvshim::etcd
