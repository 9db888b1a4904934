#include "server/machine.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kvplane::server {

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

std::string OwnAddress() {
  std::string own = "127.0.0.1";
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return own;
  // A datagram socket that is connected knows its address, though nothing is sent. The address is
  // one that documentation may use and nobody has.
  sockaddr_in far{.sin_family = AF_INET, .sin_port = htons(9)};
  inet_pton(AF_INET, "192.0.2.1", &far.sin_addr);
  sockaddr_in near{};
  socklen_t size = sizeof(near);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&far), sizeof(far)) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&near), &size) == 0) {
    char text[INET_ADDRSTRLEN];
    own = inet_ntop(AF_INET, &near.sin_addr, text, sizeof(text));
  }
  close(fd);
  return own;
}

bool IsAddress(const std::string& text) {
  in6_addr parsed;
  return inet_pton(AF_INET, text.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
}

}  // namespace kvplane::server
