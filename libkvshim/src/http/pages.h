// Pages: what an HTTP server answers, by path.
//
// Thread safety: built on one thread, constant afterwards. Pages are asked for on the listener's
// thread: they must be quick and must not block.
//
//   Pages pages;
//   pages.Add("/version", [](const Request&) { return Response{.body = "..."}; });
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace kvshim::http {

class Channel;

struct Request {
  std::string method;                        // GET
  std::string path;                          // /health
  std::map<std::string, std::string> query;  // of ?a=b&c: {"a", "b"}, {"c", ""}

  // From a method and a request target: /health?serializable=true.
  static Request Parse(std::string_view method, std::string_view target);
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class Pages {
 public:
  using Page = std::function<Response(const Request&)>;

  void Add(std::string path, Page page) {
    pages_.insert_or_assign(std::move(path), std::move(page));
  }

  // Connections that ask at `path` to speak `protocol` from then on are given to `take`.
  void AddUpgrade(std::string path, std::string protocol,
                  std::function<void(std::shared_ptr<Channel>)> take) {
    upgrades_.insert_or_assign(std::move(path), Upgrade{std::move(protocol), std::move(take)});
  }
  struct Upgrade {
    std::string protocol;
    std::function<void(std::shared_ptr<Channel>)> take;
  };
  // Null where there is none.
  const Upgrade* FindUpgrade(const std::string& path, std::string_view protocol) const {
    const auto found = upgrades_.find(path);
    return found != upgrades_.end() && found->second.protocol == protocol ? &found->second
                                                                          : nullptr;
  }

  // 404 for a path that is not there, 405 for another method than GET and HEAD.
  Response Serve(const Request& request) const;

 private:
  std::map<std::string, Page> pages_;
  std::map<std::string, Upgrade> upgrades_;
};

}  // namespace kvshim::http
