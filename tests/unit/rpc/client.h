// A gRPC client of raw bytes, and a server to call, for the tests of rpc.
//
//   TestServer server({}, Echo());
//   Client client(server.port());
//   EXPECT_EQ(client.Call("/test.Echo/Unary", "hello").bytes, "hello");
//
// Every wait ends after kPatience, as a failure.
#pragma once

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
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
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

struct Reply {
  grpc::Status status;
  std::string bytes;
};

// A unary call under way. It has a thread, since gRPC sends only while somebody waits for it.
class ClientCall {
 public:
  ClientCall(grpc::GenericStub& stub, const std::string& path, std::string_view bytes,
             const std::map<std::string, std::string>& metadata = {}) {
    context_.set_deadline(InPatience());
    for (const auto& [key, value] : metadata) context_.AddMetadata(key, value);
    reader_ = stub.PrepareUnaryCall(&context_, path, ToBuffer(bytes), &queue_);
    reader_->StartCall();
    reader_->Finish(&answer_, &reply_.status, this);
    waiting_ = std::thread([this] {
      void* tag = nullptr;
      bool ok = false;
      EXPECT_TRUE(queue_.Next(&tag, &ok));
    });
  }
  ~ClientCall() {
    context_.TryCancel();
    if (waiting_.joinable()) waiting_.join();
    queue_.Shutdown();
  }

  void Cancel() { context_.TryCancel(); }
  Reply Take() {
    waiting_.join();
    if (reply_.status.ok()) reply_.bytes = ToString(answer_);
    return reply_;
  }

 private:
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader_;
  grpc::ByteBuffer answer_;
  Reply reply_;
  std::thread waiting_;
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

// A server, and a free port of loopback whose connections it gets.
class TestServer {
 public:
  TestServer(ServerOptions options, Service service) {
    options.threads = options.threads == 0 ? 2 : options.threads;
    std::vector<Service> services;
    services.push_back(std::move(service));
    server_ = std::make_unique<Server>(std::move(options), std::move(services));
    sockaddr_in name{.sin_family = AF_INET};
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listening_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof(name);
    EXPECT_EQ(bind(listening_, reinterpret_cast<sockaddr*>(&name), size), 0);
    EXPECT_EQ(listen(listening_, 128), 0);
    EXPECT_EQ(getsockname(listening_, reinterpret_cast<sockaddr*>(&name), &size), 0);
    port_ = ntohs(name.sin_port);
    accepting_ = std::thread([this] {
      while (true) {
        const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        server_->TakeConnection(fd, "");
      }
    });
  }
  ~TestServer() { Stop(); }

  int port() const { return port_; }
  Server* operator->() { return server_.get(); }
  void Stop() {
    if (accepting_.joinable()) {
      shutdown(listening_, SHUT_RDWR);
      accepting_.join();
      close(listening_);
    }
    server_.reset();
  }

 private:
  std::unique_ptr<Server> server_;
  int listening_ = -1;
  int port_ = 0;
  std::thread accepting_;
};

}  // namespace kvshim::rpc
