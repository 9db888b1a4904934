#include "https/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/strings.h"

namespace kvplane::https {
namespace {

namespace ssl = boost::asio::ssl;

int SelectHttp1(SSL* /*connection*/, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned int offered_size, void* /*argument*/) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kOurs, sizeof(kOurs) - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

int TakeAnyCertificate(int /*verified*/, X509_STORE_CTX* /*chain*/) { return 1; }

void AskForCertificatesOf(SSL_CTX* context, const std::string& authorities) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(authorities.data(), static_cast<int>(authorities.size())), &BIO_free);
  while (X509* authority = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add_client_CA(context, authority);
    X509_free(authority);
  }
  ERR_clear_error();
}

}  // namespace

absl::StatusOr<std::shared_ptr<ssl::context>> MakeTlsContext(const TlsIdentity& identity) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_alpn_select_cb(native, SelectHttp1, nullptr);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, TakeAnyCertificate);
  static constexpr unsigned char kSessions[] = "kvplane";
  SSL_CTX_set_session_id_context(native, kSessions, sizeof(kSessions) - 1);
  AskForCertificatesOf(native, identity.client_authorities);
  boost::system::error_code error;
  context->use_certificate_chain(boost::asio::buffer(identity.certificate), error);
  if (!error) context->use_private_key(boost::asio::buffer(identity.key), ssl::context::pem, error);
  if (!error && SSL_CTX_check_private_key(native) == 1) return context;
  ERR_clear_error();
  return absl::InvalidArgumentError(kvshim::base::Concat(
      "the serving certificate and its key cannot be used: ", error.message()));
}

}  // namespace kvplane::https
