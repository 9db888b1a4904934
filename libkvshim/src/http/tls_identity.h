// TlsIdentity: a server's certificate, its key, and whose clients it takes, as PEM texts that fit
// together.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace kvshim::http {

struct TlsIdentity {
  std::string cert;
  std::string key;
  std::string ca;  // who signs clients' certificates; empty: clients need none
  bool operator==(const TlsIdentity&) const = default;
};

// The identity of the next connection; another object than before where it changed. Called from any
// thread.
using IdentitySource = std::function<std::shared_ptr<const TlsIdentity>()>;

}  // namespace kvshim::http
