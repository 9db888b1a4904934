// Whatever a client sends after HTTP/2's preface: the connection ends, with a call or without, and
// the next one is served.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rpc/server.h"

namespace {

using namespace kvshim::rpc;

class Echo final : public StreamHandler {
 public:
  void OnOpen(std::shared_ptr<Stream> stream) override { stream_ = std::move(stream); }
  void OnMessage(Payload message) override { stream_->Send(Message::Copy(message.bytes())); }
  void OnHalfClose() override { stream_->Finish(absl::OkStatus()); }
  void OnDone() override {}

 private:
  std::shared_ptr<Stream> stream_;
};

Server& TheServer() {
  static Server* const server = [] {
    Service service("a");
    service.Unary("U", [](UnaryCall call) { call.Finish(Message::Copy(call.request().bytes())); });
    service.Bidi("B", [] { return std::make_unique<Echo>(); });
    std::vector<Service> services;
    services.push_back(std::move(service));
    return new Server({.threads = 1}, std::move(services));
  }();
  return *server;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  TheServer().TakeConnection(ends[1], kPreface);
  // What the server does not read any more is not waited for.
  send(ends[0], data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(ends[0], SHUT_WR);
  char answer[4096];
  pollfd readable{.fd = ends[0], .events = POLLIN};
  while (true) {
    constexpr int kPatience = 10'000;
    if (poll(&readable, 1, kPatience) != 1) std::abort();  // it hangs
    if (recv(ends[0], answer, sizeof(answer), 0) <= 0) break;
  }
  close(ends[0]);
  return 0;
}
