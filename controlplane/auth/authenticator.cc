#include "auth/authenticator.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "api/base64.h"
#include "auth/certificate_verifier.h"
#include "base/status.h"

namespace kvplane::auth {
namespace {

using apiserver::Request;
using apiserver::User;

constexpr std::string_view kAuthenticated = "system:authenticated";
constexpr std::string_view kUnauthenticated = "system:unauthenticated";
constexpr std::string_view kProxyExtra = "x-remote-extra-";

// The rest of an Authorization header of that scheme, whose name is in any case.
std::string_view Credentials(const Request& request, std::string_view scheme) {
  std::string_view header = request.Header("authorization");
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ') return {};
  const bool same = std::equal(scheme.begin(), scheme.end(), header.begin(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
  if (!same) return {};
  header.remove_prefix(scheme.size());
  while (header.starts_with(' ')) header.remove_prefix(1);
  return header;
}

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

User Known(User user) {
  if (std::find(user.groups.begin(), user.groups.end(), kAuthenticated) == user.groups.end()) {
    user.groups.emplace_back(kAuthenticated);
  }
  return user;
}

class UnionAuthenticator : public Authenticator {
 public:
  UnionAuthenticator(AuthenticatorOptions options, std::unique_ptr<CertificateVerifier> clients,
                     std::unique_ptr<CertificateVerifier> proxies)
      : options_(std::move(options)), clients_(std::move(clients)), proxies_(std::move(proxies)) {}

  absl::StatusOr<User> Authenticate(const Request& request) const override {
    absl::Status refused;
    if (request.certificates != nullptr) {
      if (proxies_ != nullptr && !request.Header("x-remote-user").empty() &&
          proxies_->Verify(*request.certificates).ok()) {
        return Known(UserOfProxy(request));
      }
      absl::StatusOr<User> user = clients_->Verify(*request.certificates);
      if (user.ok()) return Known(*std::move(user));
      refused = user.status();
    }
    if (const std::string_view token = Credentials(request, "Bearer"); !token.empty()) {
      absl::StatusOr<apiserver::ReviewedToken> reviewed = Review(token, {});
      if (reviewed.ok()) return std::move(reviewed->user);
      refused = reviewed.status();
    } else if (const std::string_view basic = Credentials(request, "Basic"); !basic.empty()) {
      const absl::StatusOr<std::string> pair = api::DecodeBase64(basic);
      const User* user = pair.ok() ? Fixed(*pair) : nullptr;
      if (user != nullptr) return Known(*user);
      refused = absl::UnauthenticatedError("the name and the password are not taken");
    }
    if (!refused.ok()) return refused;
    return User{.name = std::string(kAnonymous), .groups = {std::string(kUnauthenticated)}};
  }

  absl::StatusOr<apiserver::ReviewedToken> Review(
      std::string_view token, const std::vector<std::string>& audiences) const override {
    if (const User* user = Fixed(token)) return apiserver::ReviewedToken{Known(*user), audiences};
    absl::Status refused = absl::UnauthenticatedError("the token is not taken");
    if (options_.tokens != nullptr) {
      auto reviewed = options_.tokens->Review(token, audiences);
      if (reviewed.ok()) {
        reviewed->user = Known(std::move(reviewed->user));
        return reviewed;
      }
      refused = reviewed.status();
    }
    if (options_.other_tokens) {
      absl::StatusOr<User> user = options_.other_tokens(token);
      if (user.ok()) return apiserver::ReviewedToken{Known(*std::move(user)), audiences};
    }
    return refused;
  }

 private:
  // Every entry is looked at, so that the time tells nothing.
  const User* Fixed(std::string_view secret) const {
    const User* found = nullptr;
    for (const auto& [own, user] : options_.fixed) {
      if (SameSecret(own, secret)) found = &user;
    }
    return found;
  }

  static User UserOfProxy(const Request& request) {
    User user{.name = std::string(request.Header("x-remote-user")),
              .uid = std::string(request.Header("x-remote-uid"))};
    for (const auto& [name, value] : request.headers) {
      if (name == "x-remote-group") user.groups.push_back(value);
      if (name.starts_with(kProxyExtra)) {
        user.extra[name.substr(kProxyExtra.size())].push_back(value);
      }
    }
    return user;
  }

  const AuthenticatorOptions options_;
  const std::unique_ptr<CertificateVerifier> clients_;
  const std::unique_ptr<CertificateVerifier> proxies_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Make(AuthenticatorOptions options) {
  ASSIGN_OR_RETURN(auto clients, CertificateVerifier::Make(options.client_ca));
  std::unique_ptr<CertificateVerifier> proxies;
  if (!options.request_header_ca.empty()) {
    ASSIGN_OR_RETURN(proxies, CertificateVerifier::Make(options.request_header_ca));
  }
  return std::make_unique<UnionAuthenticator>(std::move(options), std::move(clients),
                                              std::move(proxies));
}

}  // namespace kvplane::auth
