#include "auth/certificate_verifier.h"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <ctime>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "cluster/certificate.h"
#include "cluster/openssl_handle.h"

namespace kvplane::auth {
namespace {

using apiserver::User;
using cluster::CertificateHandle;
using cluster::OpenSslFree;
using kvshim::base::Concat;
using kvshim::base::MutexLock;

constexpr size_t kMaxRemembered = 4096;

using Authorities = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, OpenSslFree<X509_STORE_CTX_free>>;

struct FreeChain {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};
using Chain = std::unique_ptr<STACK_OF(X509), FreeChain>;

CertificateHandle FromDer(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  CertificateHandle certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  return certificate;
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
    const CertificateHandle own = FromDer(chain.front());
    if (own == nullptr) return absl::UnauthenticatedError("the certificate is malformed");
    RETURN_IF_ERROR(Check(own.get(), chain));
    cluster::CertificateFacts facts = cluster::FactsOf(own.get());
    User user{.name = std::move(facts.common_name), .groups = std::move(facts.organizations)};
    if (user.name.empty()) return absl::UnauthenticatedError("the certificate has no common name");
    MutexLock lock(mutex_);
    if (known_.size() >= kMaxRemembered) known_.clear();
    known_.insert_or_assign(chain.front(), Known{user, facts.not_after});
    return user;
  }

 private:
  struct Known {
    User user;
    int64_t end = 0;
  };

  absl::Status Check(X509* own, const std::vector<std::string>& chain) {
    const Chain between(sk_X509_new_null());
    for (size_t i = 1; i < chain.size(); ++i) {
      if (CertificateHandle link = FromDer(chain[i])) sk_X509_push(between.get(), link.release());
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
  const cluster::BioHandle bio = cluster::ReadOnlyBio(authority);
  Authorities authorities(X509_STORE_new());
  int count = 0;
  while (CertificateHandle certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(authorities.get(), certificate.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return absl::InvalidArgumentError("the authority holds no PEM certificate");
  return std::make_unique<Verifier>(std::move(authorities));
}

}  // namespace kvplane::auth
