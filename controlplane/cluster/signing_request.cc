#include "cluster/signing_request.h"

#include <openssl/pem.h>

#include <utility>

#include "base/status.h"

namespace kvplane::cluster {

absl::StatusOr<RequestHandle> ParseRequest(std::string_view pem) {
  RequestHandle request(PEM_read_bio_X509_REQ(ReadOnlyBio(pem).get(), nullptr, nullptr, nullptr));
  if (request != nullptr &&
      X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) == 1) {
    return request;
  }
  ERR_clear_error();
  return absl::InvalidArgumentError(request == nullptr
                                        ? "PEM block type must be CERTIFICATE REQUEST"
                                        : "the request is not signed with the key that it is for");
}

absl::StatusOr<SigningRequestFacts> ReadSigningRequest(std::string_view pem) {
  ASSIGN_OR_RETURN(const RequestHandle request, ParseRequest(pem));
  SigningRequestFacts facts;
  const X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  for (int i = 0; i < X509_NAME_entry_count(subject); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(subject, i);
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    if (size < 0) continue;
    std::string value(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
    OPENSSL_free(text);
    const int kind = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (kind == NID_commonName) facts.common_name = std::move(value);
    if (kind == NID_organizationName) facts.organizations.push_back(std::move(value));
  }
  const ExtensionsHandle extensions(X509_REQ_get_extensions(request.get()));
  auto* names = static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    switch (sk_GENERAL_NAME_value(names, i)->type) {
      case GEN_DNS:
        ++facts.dns_names;
        break;
      case GEN_IPADD:
        ++facts.ip_addresses;
        break;
      case GEN_EMAIL:
        ++facts.emails;
        break;
      case GEN_URI:
        ++facts.uris;
        break;
      default:
        break;
    }
  }
  GENERAL_NAMES_free(names);
  ERR_clear_error();
  return facts;
}

}  // namespace kvplane::cluster
