// CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who may approve and
// sign the requests of which signer, and what the signer of API clients never signs.
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "admission/plugins.h"
#include "api/base64.h"
#include "api/json_equal.h"
#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kClientSigner = "kubernetes.io/kube-apiserver-client";

bool IsRequest(const Attributes& attributes) {
  return attributes.Is("certificates.k8s.io", "certificatesigningrequests");
}

// By the signer's name, or by all of its domain: "example.com/*".
bool MaySign(const apiserver::Authorizer& authorizer, const Attributes& attributes,
             const std::string& verb, const std::string& signer) {
  apiserver::RequestInfo info{.is_resource = true,
                              .verb = verb,
                              .group = "certificates.k8s.io",
                              .version = "*",
                              .resource = "signers",
                              .name = signer};
  if (authorizer.Authorize(attributes.user(), info).allowed) return true;
  info.name = signer.substr(0, signer.find('/')) + "/*";
  return authorizer.Authorize(attributes.user(), info).allowed;
}

class CertificateApproval : public Plugin {
 public:
  explicit CertificateApproval(const apiserver::Authorizer& authorizer) : authorizer_(authorizer) {}

  bool Handles(const Attributes& attributes) const override {
    return attributes.IsUpdate() && attributes.subresource == "approval" && IsRequest(attributes);
  }
  absl::Status Validate(const Attributes& attributes) override {
    const std::string signer(Text(*attributes.old, {"spec", "signerName"}));
    if (MaySign(authorizer_, attributes, "approve", signer)) return absl::OkStatus();
    return registry::Refuse(
        attributes,
        Concat("user not permitted to approve requests with signerName \"", signer, "\""));
  }

 private:
  const apiserver::Authorizer& authorizer_;
};

class CertificateSigning : public Plugin {
 public:
  explicit CertificateSigning(const apiserver::Authorizer& authorizer) : authorizer_(authorizer) {}

  bool Handles(const Attributes& attributes) const override {
    return attributes.IsUpdate() && attributes.subresource == "status" && IsRequest(attributes);
  }
  absl::Status Validate(const Attributes& attributes) override {
    if (Same(attributes, "certificate") && Same(attributes, "conditions")) return absl::OkStatus();
    const std::string signer(Text(*attributes.old, {"spec", "signerName"}));
    if (MaySign(authorizer_, attributes, "sign", signer)) return absl::OkStatus();
    return registry::Refuse(
        attributes, Concat("user not permitted to sign requests with signerName \"", signer, "\""));
  }

 private:
  static bool Same(const Attributes& attributes, std::string_view member) {
    const json::Value* before = kinds::Find(*attributes.old, {"status", member});
    const json::Value* after = kinds::Find(*attributes.object(), {"status", member});
    if (before == nullptr || after == nullptr) return before == after;
    return api::JsonEqual(*before, *after);
  }

  const apiserver::Authorizer& authorizer_;
};

class CertificateSubjectRestriction : public Plugin {
 public:
  bool Handles(const Attributes& attributes) const override {
    return attributes.IsCreate() && attributes.subresource.empty() && IsRequest(attributes);
  }
  absl::Status Validate(const Attributes& attributes) override {
    const json::Object& object = *attributes.object();
    if (Text(object, {"spec", "signerName"}) != kClientSigner) return absl::OkStatus();
    const auto pem = api::DecodeBase64(Text(object, {"spec", "request"}));
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        pem.ok() ? BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())) : nullptr,
        &BIO_free);
    const std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> request(
        bio == nullptr ? nullptr : PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr),
        &X509_REQ_free);
    if (request == nullptr) {
      return registry::Refuse(attributes,
                              "failed to parse CSR: PEM block type must be CERTIFICATE REQUEST");
    }
    const X509_NAME* subject = X509_REQ_get_subject_name(request.get());
    for (int at = -1; (at = X509_NAME_get_index_by_NID(const_cast<X509_NAME*>(subject),
                                                       NID_organizationName, at)) >= 0;) {
      const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
      const std::string_view group(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                   static_cast<size_t>(ASN1_STRING_length(text)));
      if (group != "system:masters") continue;
      return registry::Refuse(attributes, Concat("use of ", kClientSigner,
                                                 " signer with system:masters group is not "
                                                 "allowed"));
    }
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<Plugin> MakeCertificateApproval(const apiserver::Authorizer& authorizer) {
  return std::make_unique<CertificateApproval>(authorizer);
}
std::unique_ptr<Plugin> MakeCertificateSigning(const apiserver::Authorizer& authorizer) {
  return std::make_unique<CertificateSigning>(authorizer);
}
std::unique_ptr<Plugin> MakeCertificateSubjectRestriction() {
  return std::make_unique<CertificateSubjectRestriction>();
}

}  // namespace kvplane::admission
