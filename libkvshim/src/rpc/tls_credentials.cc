#include "rpc/tls_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace kvshim::rpc {
namespace {

constexpr unsigned int kRefreshSeconds = 1;

}  // namespace

std::shared_ptr<grpc::ServerCredentials> TlsCredentials(const std::string& cert_file,
                                                        const std::string& key_file,
                                                        const std::string& ca_file) {
  namespace tls = grpc::experimental;
  const auto provider = ca_file.empty() ? std::make_shared<tls::FileWatcherCertificateProvider>(
                                              key_file, cert_file, kRefreshSeconds)
                                        : std::make_shared<tls::FileWatcherCertificateProvider>(
                                              key_file, cert_file, ca_file, kRefreshSeconds);
  tls::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (ca_file.empty()) {
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  } else {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return tls::TlsServerCredentials(options);
}

}  // namespace kvshim::rpc
