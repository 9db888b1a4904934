// Payload: the bytes of one inbound message.
//
// Thread safety: a value.
//
//   etcdserverpb::RangeRequest request;
//   if (!payload.Parse(request)) ...
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>

#include <string>
#include <string_view>
#include <utility>

namespace kvshim::rpc {

class Payload {
 public:
  Payload() = default;
  explicit Payload(std::string bytes) : bytes_(std::move(bytes)) {}

  size_t size() const { return bytes_.size(); }
  // Valid while this lives.
  std::string_view bytes() const { return bytes_; }

  // False: the bytes are not such a message.
  bool Parse(google::protobuf::MessageLite& message) const {
    // Messages within messages. Protobuf's own limit of 100 is below what a nested transaction may
    // be.
    constexpr int kMaxDepth = 2000;
    google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes_.data()),
                                                 static_cast<int>(bytes_.size()));
    input.SetRecursionLimit(kMaxDepth);
    return message.ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
  }

 private:
  std::string bytes_;
};

}  // namespace kvshim::rpc
