#include "auth/certificate_verifier.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::auth {
namespace {

using apiserver::User;
using kvshim::base::Concat;
using kvshim::base::MutexLock;

constexpr size_t kMaxRemembered = 4096;

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Authorities = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;

struct FreeChain {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};
using Chain = std::unique_ptr<STACK_OF(X509), FreeChain>;

Certificate FromDer(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  return certificate;
}

User UserOf(X509* certificate) {
  User user;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  for (int i = 0; i < X509_NAME_entry_count(subject); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(subject, i);
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    if (size < 0) continue;
    std::string value(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
    OPENSSL_free(text);
    const int kind = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (kind == NID_commonName) {
      user.name = std::move(value);
    } else if (kind == NID_organizationName) {
      user.groups.push_back(std::move(value));
    }
  }
  return user;
}

std::time_t End(X509* certificate) {
  std::tm parts{};
  ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts);
  return timegm(&parts);
}

class Verifier : public CertificateVerifier {
 public:
  explicit Verifier(Authorities authorities) : authorities_(std::move(authorities)) {}

  absl::StatusOr<User> Verify(const std::vector<std::string>& chain) override {
    if (chain.empty()) return absl::UnauthenticatedError("there is no certificate");
    const std::time_t now = std::time(nullptr);
    {
      MutexLock lock(mutex_);
      const auto known = known_.find(chain.front());
      if (known != known_.end() && now < known->second.end) return known->second.user;
    }
    const Certificate own = FromDer(chain.front());
    if (own == nullptr) return absl::UnauthenticatedError("the certificate is malformed");
    RETURN_IF_ERROR(Check(own.get(), chain));
    User user = UserOf(own.get());
    if (user.name.empty()) return absl::UnauthenticatedError("the certificate has no common name");
    MutexLock lock(mutex_);
    if (known_.size() >= kMaxRemembered) known_.clear();
    known_.insert_or_assign(chain.front(), Known{user, End(own.get())});
    return user;
  }

 private:
  struct Known {
    User user;
    std::time_t end = 0;
  };

  absl::Status Check(X509* own, const std::vector<std::string>& chain) {
    const Chain between(sk_X509_new_null());
    for (size_t i = 1; i < chain.size(); ++i) {
      if (Certificate link = FromDer(chain[i])) sk_X509_push(between.get(), link.release());
    }
    const Verification verification(X509_STORE_CTX_new());
    X509_STORE_CTX_init(verification.get(), authorities_.get(), own, between.get());
    X509_STORE_CTX_set_purpose(verification.get(), X509_PURPOSE_SSL_CLIENT);
    const bool sound = X509_verify_cert(verification.get()) == 1;
    const int error = X509_STORE_CTX_get_error(verification.get());
    ERR_clear_error();
    if (sound) return absl::OkStatus();
    return absl::UnauthenticatedError(Concat(
        "the certificate is not taken: ", std::string_view(X509_verify_cert_error_string(error))));
  }

  const Authorities authorities_;
  kvshim::base::Mutex mutex_;
  std::map<std::string, Known> known_ GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<CertificateVerifier>> CertificateVerifier::Make(
    std::string_view authority) {
  const Bio bio(BIO_new_mem_buf(authority.data(), static_cast<int>(authority.size())));
  Authorities authorities(X509_STORE_new());
  int count = 0;
  while (Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(authorities.get(), certificate.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return absl::InvalidArgumentError("the authority holds no PEM certificate");
  return std::make_unique<Verifier>(std::move(authorities));
}

}  // namespace kvplane::auth
