// ServiceAddresses: the addresses and node ports of services, each given to one service only.
//
// A claim is a key of its own in the store, written in the same transaction as the service and only
// if it is not there: so that no two servers give the same one away, and none is left behind. An
// address's key is an IPAddress object, as Kubernetes keeps it.
//
// Thread safety: every method may be called from any thread that may wait for the store.
//
//   ASSIGN_OR_RETURN(ServiceAddresses addresses, ServiceAddresses::Make(store, "10.43.0.0/16"));
//   RETURN_IF_ERROR(addresses.Change(nullptr, &service, request));   // before it is created
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/json.h"
#include "kinds/kind.h"
#include "kvshim/store.h"

namespace kvplane::registry {

namespace json = api::json;

class ServiceAddresses {
 public:
  // `range` is of IPv4, at least a /30 and at most a /8.
  static absl::StatusOr<ServiceAddresses> Make(kvshim::Store& store, std::string_view range);

  static bool Concern(const kinds::Kind& kind) {
    return kind.group.empty() && kind.plural == "services";
  }

  // Gives `service` what it lacks and adds to `request` what claims that, and what releases what
  // `current` had and it has not. Either may be null: a service that is created, or removed.
  absl::Status Change(const json::Object* current, json::Object* service,
                      kvshim::TxnRequest& request);

 private:
  using Claims = std::map<std::string, std::string>;  // keys and values

  ServiceAddresses(kvshim::Store& store, uint32_t first, uint32_t count)
      : store_(store), first_(first), count_(count) {}

  absl::Status GiveAddress(json::Object& service);
  absl::Status GivePorts(json::Object& service);
  absl::StatusOr<bool> IsFree(const std::string& key);
  absl::StatusOr<Claims> ClaimsOf(const json::Object& service) const;

  kvshim::Store& store_;
  uint32_t first_;  // of those that are given
  uint32_t count_;
};

}  // namespace kvplane::registry
