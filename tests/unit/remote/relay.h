// Relay: a port that leads to a server, and can be cut off from it: connections break off, no new
// ones are taken. Restored it is the same port.
//
// Thread safety: one thread.
#pragma once

#include <memory>
#include <string>

namespace kvshim::remote {

class Relay {
 public:
  // `url`: http://127.0.0.1:PORT
  explicit Relay(const std::string& url);
  ~Relay();

  const std::string& url() const { return url_; }
  void Cut();
  void Restore();

 private:
  class Line;

  void Listen();

  const int target_;  // ports
  int port_ = 0;
  std::string url_;
  std::unique_ptr<Line> line_;  // null while it is cut
};

}  // namespace kvshim::remote
