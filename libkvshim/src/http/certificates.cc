#include "http/certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvshim::http {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr std::chrono::seconds kLookEvery{1};

absl::StatusOr<std::string> ReadFile(std::string_view flag, const std::string& path) {
  absl::StatusOr<std::string> content = base::ReadFile(path);
  if (!content.ok()) {
    return absl::InvalidArgumentError(
        base::Concat(flag, ": ", base::FromAbsl(content.status().message())));
  }
  if (content->empty())
    return absl::InvalidArgumentError(base::Concat(flag, ": ", path, " is empty"));
  return content;
}

absl::Status Unusable(std::string_view flag, const std::string& path, std::string_view what) {
  return absl::InvalidArgumentError(base::Concat(flag, ": ", path, ": ", what));
}

size_t CountCertificates(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  size_t count = 0;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    X509_free(certificate);
    ++count;
  }
  ERR_clear_error();
  return count;
}

// A client that offers both gets HTTP/1.1, which has the pages; see protocol.h, which tells the two
// apart before this is asked.
int SelectProtocol(SSL* /*connection*/, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size, void* /*argument*/) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1\x02h2";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kOurs, sizeof(kOurs) - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Certificates>> Certificates::Load(const CertificateFiles& files) {
  auto certificates = std::unique_ptr<Certificates>(new Certificates(files));
  ASSIGN_OR_RETURN(TlsIdentity contents, certificates->Read());
  base::MutexLock lock(certificates->mutex_);
  RETURN_IF_ERROR(certificates->Take(std::move(contents)));
  return certificates;
}

absl::StatusOr<TlsIdentity> Certificates::Read() const {
  TlsIdentity contents;
  ASSIGN_OR_RETURN(contents.cert, ReadFile("--server-cert-file", files_.cert_file));
  ASSIGN_OR_RETURN(contents.key, ReadFile("--server-key-file", files_.key_file));
  if (!files_.ca_file.empty()) {
    ASSIGN_OR_RETURN(contents.ca, ReadFile("--trusted-ca-file", files_.ca_file));
  }
  return contents;
}

absl::StatusOr<std::shared_ptr<ssl::context>> Certificates::Build(
    const TlsIdentity& contents) const {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_alpn_select_cb(native, SelectProtocol, nullptr);
  error_code error;
  context->use_certificate_chain(boost::asio::buffer(contents.cert), error);
  if (error || CountCertificates(contents.cert) == 0) {
    return Unusable("--server-cert-file", files_.cert_file, "is not a PEM certificate");
  }
  context->use_private_key(boost::asio::buffer(contents.key), ssl::context::pem, error);
  if (error) {
    const bool other =
        ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH;
    return Unusable("--server-key-file", files_.key_file,
                    other ? "is not the key of the certificate in --server-cert-file"
                          : "is not a PEM private key");
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    ERR_clear_error();
    return Unusable("--server-key-file", files_.key_file,
                    "is not the key of the certificate in --server-cert-file");
  }
  if (!files_.ca_file.empty()) {
    context->add_certificate_authority(boost::asio::buffer(contents.ca), error);
    if (error || CountCertificates(contents.ca) == 0) {
      return Unusable("--trusted-ca-file", files_.ca_file, "holds no PEM certificate");
    }
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  }
  return context;
}

absl::Status Certificates::Take(TlsIdentity contents) {
  ASSIGN_OR_RETURN(context_, Build(contents));
  identity_ = std::make_shared<const TlsIdentity>(std::move(contents));
  return absl::OkStatus();
}

void Certificates::Refresh() {
  base::MutexLock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - last_look_ < kLookEvery) return;
  last_look_ = now;
  const absl::StatusOr<TlsIdentity> contents = Read();
  if (contents.ok() && (*contents == *identity_ || *contents == refused_)) return;
  const absl::Status status = contents.ok() ? Take(*contents) : contents.status();
  if (status.ok()) {
    base::Log(base::Level::kInfo, "took over changed certificates",
              {{"certificate", files_.cert_file}});
    return;
  }
  if (contents.ok()) refused_ = *contents;
  static base::LogLimiter limiter(std::chrono::seconds(60));
  if (limiter.Allow()) {
    base::Log(base::Level::kWarning, "the changed certificates cannot be used; the old ones stay",
              {{"error", std::string(status.message())}});
  }
}

std::shared_ptr<ssl::context> Certificates::context() const {
  base::MutexLock lock(mutex_);
  return context_;
}

std::shared_ptr<const TlsIdentity> Certificates::identity() const {
  base::MutexLock lock(mutex_);
  return identity_;
}

}  // namespace kvshim::http
