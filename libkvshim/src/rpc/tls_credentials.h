// Credentials of a TLS server whose files may change while it runs.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

namespace kvshim::rpc {

// Reads the PEM files again about once a second. With `ca_file`, clients must present a
// certificate that it signed.
std::shared_ptr<grpc::ServerCredentials> TlsCredentials(const std::string& cert_file,
                                                        const std::string& key_file,
                                                        const std::string& ca_file);

}  // namespace kvshim::rpc
