// Payload: the bytes of one inbound gRPC message, in the slices they arrived in.
//
// Thread safety: a value; const methods may be called from one thread at a time only, since the
// slices are joined on first demand.
//
//   etcdserverpb::RangeRequest request;
//   if (!payload.Parse(request)) ...
#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include <string_view>
#include <utility>

namespace kvshim::rpc {

class Payload {
 public:
  Payload() = default;
  explicit Payload(const grpc::ByteBuffer& buffer) : buffer_(buffer) {}
  static Payload Copy(std::string_view bytes);

  size_t size() const { return buffer_.Valid() ? buffer_.Length() : 0; }

  // Parses out of the slices without joining them first. False: the bytes are not such a message.
  bool Parse(google::protobuf::MessageLite& message) const;

  // The bytes in one piece; copied only where they arrived in several. Valid while this lives.
  std::string_view bytes() const;

  grpc::ByteBuffer& buffer() { return buffer_; }

 private:
  mutable grpc::ByteBuffer buffer_;  // joined by bytes()
  mutable grpc::Slice joined_;
};

}  // namespace kvshim::rpc
