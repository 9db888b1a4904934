#include "apiserver/api.h"

#include <utility>

#include "apiserver/call.h"
#include "apiserver/router.h"
#include "base/executor.h"
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
        executor_(
            {.name = "kp-api", .threads = options.threads, .max_queued = options.max_queued}) {}

  void Handle(Request request, std::shared_ptr<Response> response) override {
    // The request moves into the function; the response is needed here where there is no room.
    const bool queued = executor_.Submit([this, request = std::move(request), response]() mutable {
      router_.Handle(std::move(request), std::move(response));
    });
    if (queued) return;
    Answer answer = AnswerFailure(
        registry::MakeStatus({429, "TooManyRequests", "Too many requests, please try again later.",
                              json::Object{{"retryAfterSeconds", 1}}}),
        Encoding::kJson);
    response->Send(answer.status, {{"content-type", answer.content_type}, {"retry-after", "1"}},
                   std::move(answer.body));
  }

  registry::Registry& registry() override { return *registry_; }

 private:
  const std::shared_ptr<registry::Registry> registry_;
  Router router_;
  kvshim::base::Executor executor_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Api>> Api::Create(kvshim::Store& store, const ApiOptions& options) {
  ASSIGN_OR_RETURN(std::shared_ptr<registry::Registry> registry,
                   registry::Registry::Open(
                       store, {.cache = options.cache, .service_range = options.service_range}));
  return std::make_unique<PooledApi>(std::move(registry), options);
}

}  // namespace kvplane::apiserver
