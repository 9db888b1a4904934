#include "port.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>

namespace kvshim::bench {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// A connection to the port, or -1.
int Connect(int port) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0) return -1;
  sockaddr_in address = Loopback(port);
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    return connection;
  }
  close(connection);
  return -1;
}

}  // namespace

absl::StatusOr<int> FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  const bool bound = listener >= 0 &&
                     bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (listener >= 0) close(listener);
  if (!bound) return absl::UnavailableError("127.0.0.1 has no free port");
  return ntohs(address.sin_port);
}

bool Listens(int port) {
  const int connection = Connect(port);
  if (connection < 0) return false;
  close(connection);
  return true;
}

std::string Greeting(int port) {
  const int connection = Connect(port);
  if (connection < 0) return "";
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  std::string greeting(256, '\0');
  const ssize_t size = recv(connection, greeting.data(), greeting.size(), 0);
  close(connection);
  greeting.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return greeting;
}

}  // namespace kvshim::bench
