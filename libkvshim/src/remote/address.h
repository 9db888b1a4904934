// Addresses of an etcd: http://USER:PASSWORD@HOST:PORT or https://, several separated by commas.
// User and password may be left out; what is special in a URL stands in them percent-encoded.
//
// Thread safety: values and pure functions.
//
//   ASSIGN_OR_RETURN(const std::vector<Address> addresses,
//   ParseAddresses("http://a:2379,http://b")); ASSIGN_OR_RETURN(auto channel, Dial(addresses[0],
//   {}));
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace kvshim::remote {

struct Address {
  bool tls = false;
  std::string authority;  // host:port
  std::string user, password;
  std::string Url() const;  // without the account
};

// Files of TLS, for https.
struct TlsFiles {
  std::string ca_file, cert_file, key_file;
  bool skip_verify = false;  // encrypt, but take any certificate
};

absl::StatusOr<std::vector<Address>> ParseAddresses(std::string_view text);

// A channel, which connects when it is first used. Fails where a file cannot be read.
absl::StatusOr<std::shared_ptr<grpc::Channel>> Dial(const Address& address, const TlsFiles& files);

}  // namespace kvshim::remote
