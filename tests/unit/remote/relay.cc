#include "relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <thread>
#include <vector>

namespace kvshim::remote {
namespace {

sockaddr_in At(int port) {
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

// One thread that moves bytes between pairs of sockets until it is told to end.
class Relay::Line {
 public:
  Line(int listener, int target) : listener_(listener), target_(target) {
    EXPECT_EQ(pipe(end_), 0);
    thread_ = std::thread([this] { Run(); });
  }
  ~Line() {
    EXPECT_EQ(write(end_[1], "", 1), 1);
    thread_.join();
    for (const auto& [from, to] : pairs_) close(from);
    for (const int fd : {listener_, end_[0], end_[1]}) close(fd);
  }

 private:
  void Run() {
    while (true) {
      std::vector<pollfd> waited{{end_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& [from, to] : pairs_) waited.push_back({from, POLLIN, 0});
      poll(waited.data(), waited.size(), -1);
      if (waited[0].revents != 0) return;
      if (waited[1].revents != 0) Accept();
      for (size_t i = 2; i < waited.size(); ++i) {
        if (waited[i].revents != 0) Move(waited[i].fd);
      }
    }
  }
  void Accept() {
    const int client = accept(listener_, nullptr, nullptr);
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = At(target_);
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      close(client);
      close(server);
      return;
    }
    pairs_[client] = server;
    pairs_[server] = client;
  }
  void Move(int from) {
    const auto pair = pairs_.find(from);
    if (pair == pairs_.end()) return;  // closed by what came before it
    const int to = pair->second;
    char bytes[65536];
    const ssize_t size = read(from, bytes, sizeof(bytes));
    ssize_t sent = 0;
    while (size > 0 && sent < size) {
      const ssize_t done = send(to, bytes + sent, static_cast<size_t>(size - sent), MSG_NOSIGNAL);
      if (done <= 0) break;
      sent += done;
    }
    if (size > 0 && sent == size) return;
    for (const int fd : {from, to}) {
      pairs_.erase(fd);
      close(fd);
    }
  }

  const int listener_;
  const int target_;
  int end_[2];
  std::map<int, int> pairs_;  // each both ways
  std::thread thread_;
};

Relay::Relay(const std::string& url) : target_(std::stoi(url.substr(url.rfind(':') + 1))) {
  Listen();
  url_ = "http://127.0.0.1:" + std::to_string(port_);
}

Relay::~Relay() = default;

void Relay::Listen() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address = At(port_);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 16), 0);
  socklen_t size = sizeof(address);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  line_ = std::make_unique<Line>(listener, target_);
}

void Relay::Cut() { line_.reset(); }
void Relay::Restore() { Listen(); }

}  // namespace kvshim::remote
