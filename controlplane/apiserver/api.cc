#include "apiserver/api.h"

#include <utility>

#include "apiserver/call.h"
#include "apiserver/fair_queue.h"
#include "apiserver/refusal.h"
#include "apiserver/request_info.h"
#include "apiserver/request_timeouts.h"
#include "apiserver/router.h"
#include "base/status.h"
#include "registry/failure.h"
#include "registry/registry.h"

namespace kvplane::apiserver {

namespace {

class PooledApi : public Api {
 public:
  PooledApi(std::shared_ptr<registry::Registry> registry, const ApiOptions& options)
      : registry_(registry),
        router_(std::move(registry)),
        timeouts_(options.request_timeout),
        queue_({.name = "kp-api",
                .threads = options.threads,
                .most = {options.inflight.reading, options.inflight.changing}}) {}

  void Handle(Request request, std::shared_ptr<Response> response) override {
    const RequestInfo info = RequestInfo::Of(request);
    const bool reads =
        info.verb == "get" || info.verb == "list" || info.verb == "head" || info.verb == "watch";
    const Lane lane = reads ? Lane::kReading : Lane::kChanging;
    const auto timeout = timeouts_.Of(request);
    std::shared_ptr<TimedResponse> timed;
    if (!info.IsLongRunning(request)) {
      if (!timeout.ok()) return Fail(timeout.status(), *response);
      timed = timeouts_.Bound(std::move(response), *timeout);
      response = timed;
    }
    const std::string user = request.user.name;
    queue_.Submit(
        lane, user,
        [this, request = std::move(request), response, timed]() mutable {
          // Nobody waits for it any more.
          if (timed != nullptr && timed->is_over()) return;
          router_.Handle(std::move(request), std::move(response));
        },
        [response] {
          Refuse(*response, {.code = 429,
                             .reason = "TooManyRequests",
                             .message = "Too many requests, please try again later.",
                             .retry_after_seconds = 1});
        });
  }

  size_t under_way(Lane lane) const override { return queue_.under_way(lane); }
  registry::Registry& registry() override { return *registry_; }

 private:
  static void Fail(const absl::Status& status, Response& response) {
    Answer answer = AnswerFailure(status, Encoding::kJson);
    response.Send(answer.status, {{"content-type", answer.content_type}}, std::move(answer.body));
  }

  const std::shared_ptr<registry::Registry> registry_;
  Router router_;
  RequestTimeouts timeouts_;
  FairQueue queue_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Api>> Api::Create(kvshim::Store& store, const ApiOptions& options) {
  ASSIGN_OR_RETURN(std::shared_ptr<registry::Registry> registry,
                   registry::Registry::Open(
                       store, {.cache = options.cache, .service_range = options.service_range}));
  return std::make_unique<PooledApi>(std::move(registry), options);
}

}  // namespace kvplane::apiserver
