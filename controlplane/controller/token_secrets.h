// TokenSecretController: fills secrets of the type kubernetes.io/service-account-token with a token
// of the account that they name, and removes those whose account is gone.
//
// Such a token lives ten years, or as long as its secret and its account.
#pragma once

#include <string>

#include "controller/controller.h"

namespace kvplane::controller {

class TokenSecretController : public Controller {
 public:
  explicit TokenSecretController(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a secret

 private:
  Informer& secrets_;
  Informer& accounts_;
};

}  // namespace kvplane::controller
