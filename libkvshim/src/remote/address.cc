#include "remote/address.h"

#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvshim::remote {
namespace {

using base::Concat;

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kTls = "https://";
constexpr std::string_view kDefaultPort = ":2379";
// A connection that is cut off without a word is noticed in this time.
constexpr int kKeepAliveMilliseconds = 10000;

std::string DecodePercents(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      decoded.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(bool tls,
                                                                      const TlsFiles& files) {
  if (!tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  if (!files.ca_file.empty()) {
    ASSIGN_OR_RETURN(ssl.pem_root_certs, base::ReadFile(files.ca_file));
  }
  if (!files.cert_file.empty()) {
    ASSIGN_OR_RETURN(ssl.pem_cert_chain, base::ReadFile(files.cert_file));
    ASSIGN_OR_RETURN(ssl.pem_private_key, base::ReadFile(files.key_file));
  }
  if (!files.skip_verify) return grpc::SslCredentials(ssl);
  namespace experimental = grpc::experimental;
  experimental::TlsChannelCredentialsOptions options;
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(std::make_shared<experimental::NoOpCertificateVerifier>());
  if (!ssl.pem_cert_chain.empty()) {
    options.set_certificate_provider(std::make_shared<experimental::StaticDataCertificateProvider>(
        std::vector<experimental::IdentityKeyCertPair>{{ssl.pem_private_key, ssl.pem_cert_chain}}));
    options.watch_identity_key_cert_pairs();
  }
  return experimental::TlsCredentials(options);
}

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  Address address{.tls = text.starts_with(kTls)};
  if (!address.tls && !text.starts_with(kPlain)) {
    return absl::InvalidArgumentError(Concat(
        "'", text, "' is no address of an etcd; give http://HOST:PORT or https://HOST:PORT"));
  }
  text.remove_prefix(address.tls ? kTls.size() : kPlain.size());
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view account = text.substr(0, at);
    const size_t colon = std::min(account.find(':'), account.size());
    address.user = DecodePercents(account.substr(0, colon));
    address.password = DecodePercents(account.substr(std::min(colon + 1, account.size())));
    text.remove_prefix(at + 1);
  }
  address.authority = text.substr(0, text.find('/'));
  if (address.authority.empty()) {
    return absl::InvalidArgumentError("the address of an etcd lacks its host");
  }
  const size_t colon = address.authority.rfind(':');
  const bool has_port = colon != std::string::npos && address.authority.back() != ']';
  if (!has_port) address.authority += kDefaultPort;
  return address;
}

}  // namespace

std::string Address::Url() const { return Concat(tls ? kTls : kPlain, authority); }

absl::StatusOr<std::vector<Address>> ParseAddresses(std::string_view text) {
  std::vector<Address> addresses;
  for (const std::string_view one : base::SplitList(text, ',')) {
    ASSIGN_OR_RETURN(Address address, ParseAddress(one));
    addresses.push_back(std::move(address));
  }
  if (addresses.empty()) return absl::InvalidArgumentError("no address of an etcd is given");
  return addresses;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Dial(const Address& address, const TlsFiles& files) {
  ASSIGN_OR_RETURN(const auto credentials, Credentials(address.tls, files));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepAliveMilliseconds);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepAliveMilliseconds / 2);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // Each channel its own connection, though two name one address.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address.authority, credentials, arguments);
}

}  // namespace kvshim::remote
