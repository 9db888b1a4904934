// SliceSet: the endpoints of one service, and how they lie in EndpointSlices: a hundred a slice,
// apart by address family and ports.
//
// As few slices as possible are written: endpoints stay where they are, new ones come where there
// is room, and only what has changed is written again.
//
// Thread safety: none; a set is one Sync's.
//
//   SliceSet set(owner, IdentityOf);
//   set.Add({"IPv4", ports}, endpoint);
//   RETURN_IF_ERROR(set.Write(client(), slices.kind(), held, [&](const json::Object& slice) { …
//   }));
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controller/client.h"
#include "controller/informer.h"
#include "controller/service_backends.h"
#include "kinds/kind.h"

namespace kvplane::controller {

inline constexpr char kServiceName[] = "kubernetes.io/service-name";
inline constexpr char kSliceManagedBy[] = "endpointslice.kubernetes.io/managed-by";

// "namespace/name" of the service that a slice is of.
extern const Index kByService;

// Slices of the same address family and ports share endpoints.
struct SliceShape {
  std::string family;  // "IPv4", "IPv6"
  std::vector<BackendPort> ports;
  auto operator<=>(const SliceShape&) const = default;
};

// What all slices of a set say.
struct SliceOwner {
  std::string name_space;
  std::string name;        // what their names begin with
  json::Object reference;  // to their controller
  json::Object labels;
  std::optional<json::Object> annotations;  // nothing: they are left alone
};

class SliceSet {
 public:
  // What tells an endpoint of a shape from the others.
  using Identity = std::string (*)(const json::Object& endpoint);

  SliceSet(SliceOwner owner, Identity identity) : owner_(std::move(owner)), identity_(identity) {}

  void Add(const SliceShape& shape, json::Object endpoint);
  // Of a family without endpoints there is one slice: so that who looks knows that there are none.
  void AddFamily(const std::string& family);

  // Makes the slices so; `held` are those that there are. `wrote` is told of each write.
  absl::Status Write(const Client& client, const kinds::Kind& kind, std::vector<json::Object> held,
                     const std::function<void(const json::Object& slice)>& wrote);

 private:
  using Endpoints = std::map<std::string, json::Object>;

  json::Object NewSlice(const SliceShape& shape) const;
  void Arrange(const SliceShape& shape, Endpoints endpoints, std::vector<json::Object> held,
               std::vector<json::Object>& wanted) const;
  std::vector<json::Object> Wanted(const std::vector<json::Object>& held);

  const SliceOwner owner_;
  const Identity identity_;
  std::map<SliceShape, Endpoints> endpoints_;
};

}  // namespace kvplane::controller
