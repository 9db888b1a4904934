#include "http/pages.h"

namespace kvshim::http {

Request Request::Parse(std::string_view method, std::string_view target) {
  Request request{.method = std::string(method)};
  const size_t question = target.find('?');
  request.path = std::string(target.substr(0, question));
  if (question == std::string_view::npos) return request;
  std::string_view rest = target.substr(question + 1);
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    const size_t equals = pair.find('=');
    if (!pair.empty()) {
      request.query[std::string(pair.substr(0, equals))] =
          equals == std::string_view::npos ? "" : std::string(pair.substr(equals + 1));
    }
    if (end == std::string_view::npos) break;
    rest = rest.substr(end + 1);
  }
  return request;
}

Response Pages::Serve(const Request& request) const {
  const auto found = pages_.find(request.path);
  if (found == pages_.end()) return {.status = 404, .body = "404 page not found\n"};
  if (request.method != "GET" && request.method != "HEAD") {
    return {.status = 405, .body = "Method Not Allowed\n"};
  }
  return found->second(request);
}

}  // namespace kvshim::http
