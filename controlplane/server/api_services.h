// ApiServices: keeps an APIService object for every group and version that is served, as `kubectl
// get apiservices` lists them. All are local: this server asks no other for what it serves.
//
// Every server of a cluster does so; the objects are the same whoever writes them.
//
// Thread safety: none is needed; it works by itself until it is destroyed. The registry must
// outlive it.
//
//   ApiServices services(registry);
#pragma once

#include "base/executor.h"
#include "kinds/served_kinds.h"
#include "registry/registry.h"

namespace kvplane::server {

class ApiServices {
 public:
  explicit ApiServices(registry::Registry& registry);
  ~ApiServices();
  ApiServices(const ApiServices&) = delete;
  ApiServices& operator=(const ApiServices&) = delete;

 private:
  void Ensure();

  registry::Registry& registry_;
  kvshim::base::Executor executor_{{.name = "kp-services"}};
  kinds::ServedKinds::Listening listening_;
};

}  // namespace kvplane::server
