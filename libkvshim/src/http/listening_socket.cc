#include "http/listening_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::http {
namespace {

constexpr std::string_view kUnixScheme = "unix://";
constexpr int kBacklog = 4096;

absl::Status SystemError(const std::string& address, std::string_view what) {
  return absl::UnavailableError(
      base::Concat("cannot listen on ", address, ": ", what, ": ", strerror(errno)));
}

struct HostPort {
  std::string host;
  std::string port;
};

absl::StatusOr<HostPort> SplitHostPort(const std::string& address) {
  const size_t colon = address.rfind(':');
  const auto wrong = [&] {
    return absl::InvalidArgumentError(base::Concat(
        "cannot listen on ", address, ": an address is host:port, :port or unix://PATH"));
  };
  if (colon == std::string::npos) return wrong();
  HostPort parts{address.substr(0, colon), address.substr(colon + 1)};
  if (parts.port.empty() || parts.port.size() > 5 ||
      parts.port.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(parts.port) > 65535) {
    return wrong();
  }
  if (parts.host.starts_with('[') && parts.host.ends_with(']')) {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  } else if (parts.host.find(':') != std::string::npos) {
    return wrong();
  }
  return parts;
}

std::string NameOf(const sockaddr_storage& storage, socklen_t size) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&storage), size, host, sizeof(host), port,
                  sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "?";
  }
  return storage.ss_family == AF_INET6 ? base::Concat("[", host, "]:", port)
                                       : base::Concat(host, ":", port);
}

// Whether somebody serves the socket at `path`.
bool IsServed(const sockaddr_un& name) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return true;
  // Anything else than a refusal, such as a full queue, is a sign of life.
  const bool served = connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0 ||
                      (errno != ECONNREFUSED && errno != ENOENT);
  close(fd);
  return served;
}

absl::Status MakeWayForUnix(const std::string& address, const sockaddr_un& name) {
  struct stat status;
  if (stat(name.sun_path, &status) != 0) return absl::OkStatus();
  if (!S_ISSOCK(status.st_mode)) {
    return absl::AlreadyExistsError(
        base::Concat("cannot listen on ", address, ": there is a file of another kind"));
  }
  if (IsServed(name)) {
    return absl::UnavailableError(
        base::Concat("cannot listen on ", address, ": another process serves it"));
  }
  unlink(name.sun_path);
  return absl::OkStatus();
}

// Without a host and with AF_INET6, `fd` stays -1 where the machine has no IPv6.
absl::Status BindTcp(const std::string& address, const HostPort& parts, int family, int& fd) {
  const bool may_be_missing = parts.host.empty() && family == AF_INET6;
  addrinfo hints{
      .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_family = family, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  const char* host = parts.host.empty() ? nullptr : parts.host.c_str();
  if (const int error = getaddrinfo(host, parts.port.c_str(), &hints, &found); error != 0) {
    if (may_be_missing) return absl::OkStatus();
    return absl::InvalidArgumentError(
        base::Concat("cannot listen on ", address, ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return may_be_missing ? absl::OkStatus() : SystemError(address, "socket");
  const int on = 1;
  const int off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (may_be_missing) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (bind(fd, found->ai_addr, found->ai_addrlen) == 0) return absl::OkStatus();
  if (!may_be_missing || errno == EADDRINUSE || errno == EACCES) {
    return SystemError(address, "bind");
  }
  close(std::exchange(fd, -1));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ListeningSocket> ListeningSocket::Open(const std::string& address) {
  ListeningSocket out;
  if (address.starts_with(kUnixScheme)) {
    const std::string path = address.substr(kUnixScheme.size());
    sockaddr_un name{.sun_family = AF_UNIX};
    if (path.empty() || path.size() >= sizeof(name.sun_path)) {
      return absl::InvalidArgumentError(base::Concat("cannot listen on ", address,
                                                     ": the path of a unix socket has 1 to ",
                                                     sizeof(name.sun_path) - 1, " bytes"));
    }
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    RETURN_IF_ERROR(MakeWayForUnix(address, name));
    out.fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (out.fd_ < 0) return SystemError(address, "socket");
    if (bind(out.fd_, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0) {
      return SystemError(address, "bind");
    }
    out.path_ = path;
    out.address_ = address;
  } else {
    ASSIGN_OR_RETURN(const HostPort parts, SplitHostPort(address));
    // Without a host: every interface, of IPv6 and, by the same socket, of IPv4; of IPv4 alone on a
    // machine without the other.
    const bool any = parts.host.empty();
    RETURN_IF_ERROR(BindTcp(address, parts, any ? AF_INET6 : AF_UNSPEC, out.fd_));
    if (out.fd_ < 0) RETURN_IF_ERROR(BindTcp(address, parts, AF_INET, out.fd_));
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    getsockname(out.fd_, reinterpret_cast<sockaddr*>(&bound), &size);
    out.address_ = NameOf(bound, size);
  }
  if (listen(out.fd_, kBacklog) != 0) return SystemError(address, "listen");
  return out;
}

ListeningSocket::~ListeningSocket() {
  if (fd_ < 0) return;
  if (!path_.empty()) unlink(path_.c_str());
  close(fd_);
}

}  // namespace kvshim::http
