// The controllers of CertificateSigningRequests: one approves what nodes ask for themselves, one
// signs what is approved for the signers that every cluster has, one removes what is over.
#pragma once

#include <string>

#include "controller/controller.h"

namespace kvplane::controller {

// Approves the client certificates of kubelets, where who asks may have them
// (certificatesigningrequests/nodeclient, …/selfnodeclient).
class CertificateApprover : public Controller {
 public:
  explicit CertificateApprover(Environment& environment);

  absl::Status Sync(const std::string& key) override;

 private:
  Informer& requests_;
};

// The certificates of clients are signed by the clients' authority, those of kubelets' servers by
// the servers'.
class CertificateSigner : public Controller {
 public:
  explicit CertificateSigner(Environment& environment);

  absl::Status Sync(const std::string& key) override;

 private:
  Informer& requests_;
};

// Requests that were answered go after an hour, those that wait after a day, and those whose
// certificate has expired.
class CertificateCleaner : public Controller {
 public:
  explicit CertificateCleaner(Environment& environment);

  absl::Status Sync(const std::string& key) override;

 private:
  Informer& requests_;
};

}  // namespace kvplane::controller
