// A gRPC client of raw bytes, and a server to call, for the tests of rpc.
//
//   TestServer server({}, Echo());
//   Client client(server.port());
//   EXPECT_EQ(client.Call("/test.Echo/Unary", "hello").bytes, "hello");
//
// Every wait ends after kPatience, as a failure.
#pragma once

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "rpc/server.h"

namespace kvshim::rpc {

inline constexpr std::chrono::seconds kPatience{20};

inline std::chrono::system_clock::time_point InPatience() {
  return std::chrono::system_clock::now() + kPatience;
}

inline grpc::ByteBuffer ToBuffer(std::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return grpc::ByteBuffer(&slice, 1);
}

inline std::string ToString(const grpc::ByteBuffer& buffer) {
  return std::string(Payload(buffer).bytes());
}

struct Reply {
  grpc::Status status;
  std::string bytes;
};

// A unary call under way.
class ClientCall {
 public:
  ClientCall(grpc::GenericStub& stub, const std::string& path, std::string_view bytes,
             const std::map<std::string, std::string>& metadata = {}) {
    context_.set_deadline(InPatience());
    for (const auto& [key, value] : metadata) context_.AddMetadata(key, value);
    reader_ = stub.PrepareUnaryCall(&context_, path, ToBuffer(bytes), &queue_);
    reader_->StartCall();
    reader_->Finish(&answer_, &reply_.status, this);
  }
  ~ClientCall() {
    context_.TryCancel();
    if (!taken_) Take();
    queue_.Shutdown();
  }

  void Cancel() { context_.TryCancel(); }
  Reply Take() {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue_.Next(&tag, &ok));
    taken_ = true;
    if (reply_.status.ok()) reply_.bytes = ToString(answer_);
    return reply_;
  }

 private:
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader_;
  grpc::ByteBuffer answer_;
  Reply reply_;
  bool taken_ = false;
};

// A stream under way. Used by one thread; every step waits until gRPC is through with it.
class ClientStream {
 public:
  ClientStream(grpc::GenericStub& stub, const std::string& path) {
    context_.set_deadline(InPatience());
    stream_ = stub.PrepareCall(&context_, path, &queue_);
    stream_->StartCall(this);
    Wait();
  }
  ~ClientStream() {
    context_.TryCancel();
    if (!finished_) Finish();
    queue_.Shutdown();
  }

  bool Write(std::string_view bytes) {
    stream_->Write(ToBuffer(bytes), this);
    return Wait();
  }
  void HalfClose() {
    stream_->WritesDone(this);
    Wait();
  }
  // Nothing at the end of the stream.
  std::optional<std::string> Read() {
    grpc::ByteBuffer buffer;
    stream_->Read(&buffer, this);
    if (!Wait()) return std::nullopt;
    return ToString(buffer);
  }
  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, this);
    Wait();
    finished_ = true;
    return status;
  }
  void Cancel() { context_.TryCancel(); }

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue_.Next(&tag, &ok));
    return ok;
  }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool finished_ = false;
};

class Client {
 public:
  explicit Client(int port) : Client(base::Concat("127.0.0.1:", port)) {}
  // `target` as gRPC names it: host:port, unix:PATH.
  explicit Client(const std::string& target,
                  const std::shared_ptr<grpc::ChannelCredentials>& credentials =
                      grpc::InsecureChannelCredentials()) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomChannel(target, credentials, arguments);
    stub_ = std::make_unique<grpc::GenericStub>(channel_);
  }

  Reply Call(const std::string& path, std::string_view bytes,
             const std::map<std::string, std::string>& metadata = {}) {
    return ClientCall(*stub_, path, bytes, metadata).Take();
  }
  std::unique_ptr<ClientCall> StartCall(const std::string& path, std::string_view bytes) {
    return std::make_unique<ClientCall>(*stub_, path, bytes);
  }
  std::unique_ptr<ClientStream> Open(const std::string& path) {
    return std::make_unique<ClientStream>(*stub_, path);
  }
  bool Connect() { return channel_->WaitForConnected(InPatience()); }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::GenericStub> stub_;
};

// A server on a free port of loopback.
class TestServer {
 public:
  TestServer(ServerOptions options, Service service) {
    options.threads = options.threads == 0 ? 2 : options.threads;
    if (options.listen_addresses.empty()) options.listen_addresses = {"127.0.0.1:0"};
    std::vector<Service> services;
    services.push_back(std::move(service));
    auto started = Server::Start(std::move(options), std::move(services));
    EXPECT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
  }

  int port() const { return server_->ports().front(); }
  Server* operator->() { return server_.get(); }
  void Stop() { server_.reset(); }

 private:
  std::unique_ptr<Server> server_;
};

}  // namespace kvshim::rpc
