// Credentials of a TLS server whose certificates may change while it runs.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <functional>
#include <memory>
#include <string>

namespace kvshim::rpc {

// PEM texts that fit together.
struct TlsIdentity {
  std::string cert;
  std::string key;
  std::string ca;  // who signs clients' certificates; empty: clients need none
  bool operator==(const TlsIdentity&) const = default;
};

// The identity of the next connection; another object than before where it changed. Called at
// every handshake, from any thread. Whether there is a `ca` must not change.
using TlsSource = std::function<std::shared_ptr<const TlsIdentity>()>;

std::shared_ptr<grpc::ServerCredentials> TlsCredentials(TlsSource source);

}  // namespace kvshim::rpc
