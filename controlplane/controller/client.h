// Client: how controllers write: as requests of the API, so that what a controller asks for is
// authorized, admitted, validated and recorded as anybody's. Reads that must be as new as the store
// go to the registry.
//
// Thread safety: every method may be called from any thread that may wait for the store; none from
// an informer's handler.
//
//   Client client(registry, handler, ServiceAccount("deployment-controller"));
//   client.Create(pods, pod);
//   client.Change(deployments, "default", "web", "status", [&](json::Object& object) { … });
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/json.h"
#include "apiserver/exchange.h"
#include "kinds/kind.h"
#include "registry/registry.h"

namespace kvplane::controller {

namespace json = api::json;

// The user that a controller is: a service account of kube-system.
apiserver::User ServiceAccount(std::string_view name);

class Client {
 public:
  Client(registry::Registry& registry, apiserver::Handler handler, apiserver::User user)
      : registry_(registry), handler_(std::move(handler)), user_(std::move(user)) {}

  // As it is in the store. Failures are those of registry/failure.h, here as everywhere.
  absl::StatusOr<json::Object> Get(const kinds::Kind& kind, std::string_view name_space,
                                   std::string_view name) const {
    return registry_.Get(kind, name_space, name);
  }

  // Its metadata names the namespace; apiVersion and kind may be missing.
  absl::StatusOr<json::Object> Create(const kinds::Kind& kind, json::Object object) const;
  // As it is to be. Where it has a resourceVersion and that is not the newest: Conflict. `part` is
  // the subresource that is written, "status" or "approval", or empty.
  absl::StatusOr<json::Object> Update(const kinds::Kind& kind, json::Object object,
                                      std::string_view part = "") const;
  // The same where it says something else than `before`.
  absl::StatusOr<json::Object> UpdateFrom(const kinds::Kind& kind, const json::Object& before,
                                          json::Object object, std::string_view part = "") const;
  // Reads, changes and writes the object, again where another write came between. A change that
  // makes no difference is not written.
  using Edit = std::function<void(json::Object& object)>;
  absl::StatusOr<json::Object> Change(const kinds::Kind& kind, std::string_view name_space,
                                      std::string_view name, std::string_view part,
                                      const Edit& edit) const;
  // A strategic merge patch. A uid in its metadata is a precondition.
  absl::StatusOr<json::Object> Patch(const kinds::Kind& kind, std::string_view name_space,
                                     std::string_view name, json::Object patch) const;
  // `options` as in a DeleteOptions: propagationPolicy, preconditions, ….
  absl::Status Delete(const kinds::Kind& kind, std::string_view name_space, std::string_view name,
                      json::Object options = {}) const;
  absl::Status DeleteCollection(const kinds::Kind& kind, std::string_view name_space) const;

  // Any request: the answer's document, or what it failed with.
  absl::StatusOr<json::Object> Ask(std::string method, std::string path, json::Object body,
                                   std::string content_type = "application/json") const;

 private:
  registry::Registry& registry_;
  const apiserver::Handler handler_;
  const apiserver::User user_;
};

// Of a resourceVersion; 0 where there is none.
int64_t RevisionOf(const json::Object& object);

// "/apis/apps/v1/namespaces/default/deployments/web/status"; what is empty is left out.
std::string PathOf(const kinds::Kind& kind, std::string_view name_space, std::string_view name,
                   std::string_view part = "");

}  // namespace kvplane::controller
