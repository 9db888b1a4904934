#include "rpc/tls_session.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <utility>

namespace kvshim::rpc {

TlsSession::TlsSession(std::shared_ptr<boost::asio::ssl::context> context)
    : context_(std::move(context)),
      ssl_(SSL_new(context_->native_handle()), &SSL_free),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())) {
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_accept_state(ssl_.get());
}

bool TlsSession::PutCipher(std::string_view bytes) {
  return BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())) ==
         static_cast<int>(bytes.size());
}

bool TlsSession::Handshake() {
  if (established_) return true;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  established_ = result == 1;
  return established_ || SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
}

int TlsSession::Read(char* out, size_t size) {
  ERR_clear_error();
  const int count = SSL_read(ssl_.get(), out, static_cast<int>(size));
  if (count > 0) return count;
  return SSL_get_error(ssl_.get(), count) == SSL_ERROR_WANT_READ ? 0 : -1;
}

bool TlsSession::Write(std::string_view plain) {
  if (plain.empty()) return true;
  ERR_clear_error();
  // Memory takes everything.
  return SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())) ==
         static_cast<int>(plain.size());
}

void TlsSession::TakeCipher(std::string& out) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out_, &bytes);
  out.append(bytes, static_cast<size_t>(size));
  BIO_reset(out_);
}

std::string TlsSession::peer_common_name() const {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      SSL_get1_peer_certificate(ssl_.get()), &X509_free);
  if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {};
  char name[256] = {};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()),
                                             NID_commonName, name, sizeof(name));
  return size < 0 ? std::string() : std::string(name, static_cast<size_t>(size));
}

}  // namespace kvshim::rpc
