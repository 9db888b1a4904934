#include "server/request_metrics.h"

#include <chrono>
#include <string>

#include "base/logger.h"

namespace kvplane::server {
namespace {

// What clients write as a method is theirs; labels are ours.
std::string MethodLabel(const std::string& method) {
  for (const char* known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (method == known) return method;
  }
  return "other";
}

}  // namespace

void RequestMetrics::Count(const https::Access& access) {
  const std::string method = MethodLabel(access.method);
  registry_
      .AddCounter("apiserver_request_total", "Requests answered, by method and status.",
                  {{"verb", method}, {"code", std::to_string(access.status)}})
      .Increment();
  registry_
      .AddHistogram("apiserver_request_duration_seconds",
                    "From a request's first byte to its answer's last.", {{"verb", method}})
      .Observe(std::chrono::duration<double>(access.took).count());
  kvshim::base::Log(kvshim::base::Level::kDebug, "answered",
                    {{"method", access.method},
                     {"path", access.path},
                     {"status", access.status},
                     {"bytes", access.bytes},
                     {"peer", access.peer},
                     {"took", std::chrono::duration_cast<std::chrono::nanoseconds>(access.took)}});
}

}  // namespace kvplane::server
