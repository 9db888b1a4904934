// Request and Response: one exchange over HTTP, without HTTP's wire. The listener makes them, the
// handlers of the API answer them; either is tested without the other.
//
// Thread safety: a Request is the handler's. A Response takes calls from any thread, one at a time;
// it may be kept after the handler has returned, and answered later.
//
//   void Handle(Request request, std::shared_ptr<Response> response) {
//     response->Send(200, {{"content-type", "application/json"}}, "{}");
//   }
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registry/admission.h"
#include "registry/user.h"

namespace kvplane::apiserver {

using registry::User;

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // "GET"
  std::string path;    // percent-decoded: "/api/v1/namespaces/default/pods"
  Pairs query;         // percent-decoded, in their order
  Pairs headers;       // names in lower case
  std::string body;    // whole; inflated where it came compressed
  std::string peer;    // "10.0.0.7:51234"
  // The certificates of TLS that the client showed, DER, its own first; null where it showed none.
  // The listener does not judge them.
  std::shared_ptr<const std::vector<std::string>> certificates;
  User user;
  // For the audit log; null where there is none.
  std::shared_ptr<registry::Annotations> annotations;

  // The first of that name; empty where there is none.
  std::string_view Query(std::string_view name) const { return First(query, name); }
  std::string_view Header(std::string_view name) const { return First(headers, name); }

 private:
  static std::string_view First(const Pairs& pairs, std::string_view name) {
    for (const auto& [key, value] : pairs) {
      if (key == name) return value;
    }
    return {};
  }
};

class Response {
 public:
  virtual ~Response() = default;

  // The whole answer.
  virtual void Send(int status, Pairs headers, std::string body) = 0;

  // Or an answer in pieces: Begin, any number of Write, End. False once the client is gone, or has
  // left more unread than it may: then the answer has been cut.
  virtual void Begin(int status, Pairs headers) = 0;
  virtual bool Write(std::string_view bytes) = 0;
  virtual void End() = 0;

  // Is called once where the client goes before the answer's end, at once if it is gone already.
  virtual void OnGone(std::function<void()> gone) = 0;
};

using Handler = std::function<void(Request request, std::shared_ptr<Response> response)>;

}  // namespace kvplane::apiserver
