#include "rpc/payload.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/proto_buffer_reader.h>

namespace kvshim::rpc {
namespace {

// Messages within messages. Protobuf's own limit of 100 is below what a nested transaction may be.
constexpr int kMaxDepth = 2000;

}  // namespace

Payload Payload::Copy(std::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return Payload(grpc::ByteBuffer(&slice, 1));
}

bool Payload::Parse(google::protobuf::MessageLite& message) const {
  if (!buffer_.Valid()) return message.ParseFromArray(nullptr, 0);
  grpc::ProtoBufferReader reader(&buffer_);
  if (!reader.status().ok()) return false;
  google::protobuf::io::CodedInputStream input(&reader);
  input.SetRecursionLimit(kMaxDepth);
  return message.ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

std::string_view Payload::bytes() const {
  if (!buffer_.Valid()) return {};
  if (joined_.size() == 0 && !buffer_.TrySingleSlice(&joined_).ok() &&
      !buffer_.DumpToSingleSlice(&joined_).ok()) {
    return {};
  }
  return {reinterpret_cast<const char*>(joined_.begin()), joined_.size()};
}

}  // namespace kvshim::rpc
