#include "echo.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/status.h"
#include "http/listening_socket.h"
#include "keyspace.h"
#include "rpc/server.h"

namespace kvshim::bench {
namespace {

constexpr char kMethod[] = "/kvshim.bench.Echo/Call";

// Nobody holds the bytes of the replies: they are there for ever.
constexpr rpc::Ownership kForEver{[](void*) {}, [](void*) {}};

// A request begins with the size of the reply it wants.
void Answer(rpc::UnaryCall call) {
  static std::string bytes = ValueOf(size_t{1} << 20);
  uint32_t size = 0;
  if (call.request().size() < sizeof(size)) {
    return call.Finish(absl::InvalidArgumentError("a request begins with the size it wants"));
  }
  std::memcpy(&size, call.request().bytes().data(), sizeof(size));
  rpc::Message reply;
  while (reply.size() < size) {
    reply.AppendShared(std::string_view(bytes).substr(0, size - reply.size()), &bytes, kForEver);
  }
  call.Finish(std::move(reply));
}

}  // namespace

absl::Status ServeEcho(const std::filesystem::path& ready_file) {
  std::vector<rpc::Service> services;
  services.emplace_back("kvshim.bench.Echo");
  services.back().Unary("Call", Answer);
  rpc::Server server({}, std::move(services));
  ASSIGN_OR_RETURN(const auto socket, http::ListeningSocket::Open("127.0.0.1:0"));
  const std::filesystem::path unfinished = ready_file.string() + ".new";
  std::ofstream(unfinished) << socket.address() << std::flush;
  std::error_code error;
  std::filesystem::rename(unfinished, ready_file, error);
  if (error) return absl::PermissionDeniedError("cannot write " + ready_file.string());
  while (true) {
    const int fd = accept4(socket.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    server.TakeConnection(fd, "");
  }
}

EchoCalls::EchoCalls(size_t request_size, size_t reply_size)
    : reply_size_(reply_size), request_(ValueOf(std::max(sizeof(uint32_t), request_size))) {
  const auto size = static_cast<uint32_t>(reply_size);
  std::memcpy(request_.data(), &size, sizeof(size));
}

const char* EchoCalls::Next(int, std::string& request) {
  request = request_;
  return kMethod;
}

absl::Status EchoCalls::Check(int, const Reply& reply) {
  if (reply.size == reply_size_) return absl::OkStatus();
  return absl::InternalError("the echo has another size");
}

}  // namespace kvshim::bench
