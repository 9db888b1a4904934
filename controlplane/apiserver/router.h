// Router: finds who answers a request: by its path, its method and what it wants back.
//
// Thread safety: every method may be called from any thread that may wait.
//
//   Router router(registry);
//   router.Handle(std::move(request), response);
#pragma once

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "apiserver/call.h"
#include "apiserver/deleter.h"
#include "apiserver/discovery.h"
#include "apiserver/openapi.h"
#include "apiserver/pod_actions.h"
#include "apiserver/reader.h"
#include "apiserver/scale.h"
#include "apiserver/watch_starter.h"
#include "apiserver/writer.h"
#include "base/mutex.h"
#include "registry/registry.h"

namespace kvplane::apiserver {

class Router {
 public:
  explicit Router(std::shared_ptr<registry::Registry> registry);

  void Handle(Request request, std::shared_ptr<Response> response);

 private:
  // Nothing in the answer's place: it is on its way already (a watch).
  using Answered = absl::StatusOr<std::unique_ptr<Answer>>;

  Answered Route(Call& call, const std::shared_ptr<Response>& response);
  absl::StatusOr<Answer> OtherPath(const Call& call);
  Answered Resource(Call& call, const std::shared_ptr<Response>& response);
  Answered Collection(Call& call, const std::shared_ptr<Response>& response);
  absl::StatusOr<Answer> Object(Call& call);
  absl::StatusOr<Answer> Subresource(Call& call);
  Answered StartWatch(Call& call, const ListOptions& options,
                      const std::shared_ptr<Response>& response);

  // What is told of the kinds that are served at one time.
  struct Description {
    explicit Description(std::shared_ptr<const kinds::Kinds> served)
        : kinds(std::move(served)), discovery(*kinds), openapi(*kinds, discovery.GroupVersions()) {}

    const std::shared_ptr<const kinds::Kinds> kinds;
    const Discovery discovery;
    const Openapi openapi;
  };
  std::shared_ptr<const Description> Describe();

  const std::shared_ptr<registry::Registry> registry_;
  kvshim::base::Mutex mutex_;
  std::shared_ptr<const Description> description_ GUARDED_BY(mutex_);
  Reader reader_;
  Writer writer_;
  Deleter deleter_;
  Scale scale_;
  PodActions pod_actions_;
  WatchStarter watches_;
};

}  // namespace kvplane::apiserver
