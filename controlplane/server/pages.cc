#include "server/pages.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/strings.h"

namespace kvplane::server {
namespace {

using apiserver::Request;
using apiserver::Response;
using kvshim::base::Concat;

void SendJson(Response& response, std::string body) {
  response.Send(200, {{"content-type", "application/json"}}, std::move(body));
}

void SendText(Response& response, int status, std::string body) {
  response.Send(
      status,
      {{"content-type", "text/plain; charset=utf-8"}, {"x-content-type-options", "nosniff"}},
      std::move(body));
}

// One look at the store, which waits for the database where that must be asked.
absl::Status AskStore(kvshim::Store& store) {
  return store.Range(kvshim::RangeRequest{.key = "health", .count_only = true}).status();
}

// "/readyz", "/readyz/etcd", "/readyz?verbose"; livez asks nobody but the process itself.
void AnswerHealth(kvshim::Store& store, const Request& request, Response& response) {
  const size_t slash = request.path.find('/', 1);
  const std::string page = request.path.substr(1, slash == std::string::npos ? slash : slash - 1);
  const std::string only = slash == std::string::npos ? "" : request.path.substr(slash + 1);
  if (!only.empty() && only != "ping" && only != "etcd") {
    return SendText(response, 404, "404 page not found\n");
  }
  const bool asks_store = page != "livez" && only != "ping";
  const absl::Status status = asks_store ? AskStore(store) : absl::OkStatus();
  std::string report = "[+]ping ok\n";
  if (asks_store) report += status.ok() ? "[+]etcd ok\n" : "[-]etcd failed: reason withheld\n";
  if (!status.ok()) {
    return SendText(response, 500, Concat(report, page, " check failed\n"));
  }
  const bool verbose =
      std::any_of(request.query.begin(), request.query.end(),
                  [](const auto& parameter) { return parameter.first == "verbose"; });
  SendText(response, 200, verbose ? Concat(report, page, " check passed\n") : "ok");
}

bool IsHealthPage(std::string_view path) {
  for (const std::string_view page : {"/healthz", "/livez", "/readyz"}) {
    if (path == page || (path.starts_with(page) && path[page.size()] == '/')) return true;
  }
  return false;
}

}  // namespace

apiserver::Handler WithPages(PageParts parts, apiserver::Handler next) {
  return [parts, next = std::move(next)](Request request, std::shared_ptr<Response> response) {
    if (request.method != "GET" && request.method != "HEAD") {
      return next(std::move(request), std::move(response));
    }
    const std::string& path = request.path;
    if (IsHealthPage(path)) return AnswerHealth(parts.store, request, *response);
    if (path == "/metrics") {
      return response->Send(200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}},
                            parts.metrics.Render());
    }
    if (path == "/openid/v1/jwks") {
      return response->Send(200, {{"content-type", "application/jwk-set+json"}},
                            parts.tokens.Jwks());
    }
    if (path == "/.well-known/openid-configuration") {
      return SendJson(*response, parts.tokens.DiscoveryDocument());
    }
    next(std::move(request), std::move(response));
  };
}

apiserver::Handler WithPublicPages(std::string server_ca, apiserver::Handler next) {
  return [ca = std::move(server_ca), next = std::move(next)](Request request,
                                                             std::shared_ptr<Response> response) {
    if (request.method == "GET" && request.path == "/cacerts") {
      return SendText(*response, 200, ca);
    }
    if (request.method == "GET" && request.path == "/ping") {
      return SendText(*response, 200, "pong");
    }
    next(std::move(request), std::move(response));
  };
}

}  // namespace kvplane::server
