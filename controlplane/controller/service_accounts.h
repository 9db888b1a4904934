// What every namespace has from the start: the service account "default", and the certificate by
// which pods know the servers, in the config map kube-root-ca.crt. Either comes back where somebody
// removes or changes it.
#pragma once

#include <string>

#include "controller/controller.h"

namespace kvplane::controller {

class ServiceAccountController : public Controller {
 public:
  explicit ServiceAccountController(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a namespace

 private:
  Informer& namespaces_;
  Informer& accounts_;
};

class RootCaPublisher : public Controller {
 public:
  explicit RootCaPublisher(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a namespace

 private:
  Informer& namespaces_;
  Informer& config_maps_;
};

}  // namespace kvplane::controller
