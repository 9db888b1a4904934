#include "connections.h"

#include <algorithm>
#include <climits>

#include "base/status.h"
#include "base/strings.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/proto_buffer_reader.h"

namespace kvshim::bench {

absl::StatusOr<std::unique_ptr<Connections>> Connections::Open(
    const std::vector<std::string>& targets, int count) {
  std::unique_ptr<Connections> connections(new Connections(static_cast<int>(targets.size())));
  for (size_t i = 0; i < std::max(targets.size(), static_cast<size_t>(count)); ++i) {
    const std::string& target = targets[i % targets.size()];
    grpc::ChannelArguments arguments;
    // Channels to one address would share a connection otherwise.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetMaxReceiveMessageSize(INT_MAX);
    auto channel = grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + kCallTimeout)) {
      return absl::UnavailableError(base::Concat("nothing answers at ", target));
    }
    connections->stubs_.push_back(std::make_unique<grpc::GenericStub>(channel));
  }
  return connections;
}

Connections::~Connections() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

bool Connections::RunOne(std::chrono::system_clock::time_point deadline) {
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) return false;
  static_cast<Completion*>(tag)->Done(ok);
  return true;
}

absl::Status Connections::Call(const char* method, const google::protobuf::MessageLite& request,
                               google::protobuf::MessageLite* reply) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
  grpc::ByteBuffer bytes;
  grpc::Status status;
  auto call = of(0).PrepareUnaryCall(&context, method, Serialize(request), &queue_);
  call->StartCall();
  call->Finish(&bytes, &status, this);
  void* tag = nullptr;
  bool ok = false;
  queue_.Next(&tag, &ok);
  RETURN_IF_ERROR(ToStatus(status));
  return Parse(bytes, reply);
}

grpc::ByteBuffer Serialize(const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  grpc::Slice slice(size);
  // The slice is not shared yet.
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

absl::Status Parse(grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message) {
  grpc::ProtoBufferReader reader(&bytes);
  if (!reader.status().ok() || !message->ParseFromZeroCopyStream(&reader)) {
    return absl::InternalError("the server's reply cannot be parsed");
  }
  return absl::OkStatus();
}

absl::Status ToStatus(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), base::ToAbsl(status.error_message())};
}

}  // namespace kvshim::bench
