// Certificates made on the spot: an authority of the test's own, and what it signs, as files.
//
//   CertificateAuthority authority("authority");
//   const auto files = authority.Issue(directory, "server");
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <memory>
#include <string>

#include "http/certificates.h"
#include "unit/temporary_directory.h"

namespace kvshim::http {

inline void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

struct Issued {
  std::string cert;  // PEM
  std::string key;   // PEM
};

class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& name)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    Sign(certificate_.get(), name, key_.get(), /*is_authority=*/true);
  }

  std::string pem() const { return Text(certificate_.get()); }

  Issued Issue(const std::string& common_name) const {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    Sign(certificate.get(), common_name, key.get(), /*is_authority=*/false);
    return {Text(certificate.get()), Text(key.get())};
  }
  // The same as files name.crt, name.key; the authority's own certificate as name-ca.crt.
  CertificateFiles IssueFiles(const testing::TemporaryDirectory& directory,
                              const std::string& name) const {
    const Issued issued = Issue(name);
    CertificateFiles files{directory.File(name + ".crt"), directory.File(name + ".key"), ""};
    WriteFile(files.cert_file, issued.cert);
    WriteFile(files.key_file, issued.key);
    return files;
  }

 private:
  template <auto kFree>
  struct Free {
    template <typename T>
    void operator()(T* object) const {
      kFree(object);
    }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
  using Certificate = std::unique_ptr<X509, Free<X509_free>>;

  void Sign(X509* certificate, const std::string& name, EVP_PKEY* key, bool is_authority) const {
    static long serial = 1;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate_.get()));
    Extend(certificate, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!is_authority) Extend(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    EXPECT_GT(X509_sign(certificate, key_.get(), EVP_sha256()), 0);
  }
  static void Extend(X509* certificate, int extension, const char* value) {
    const std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> made(
        X509V3_EXT_conf_nid(nullptr, nullptr, extension, value));
    X509_add_ext(certificate, made.get(), -1);
  }

  template <typename Write>
  static std::string Pem(const Write& write) {
    const std::unique_ptr<BIO, Free<BIO_free>> bio(BIO_new(BIO_s_mem()));
    EXPECT_EQ(write(bio.get()), 1);
    const char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<size_t>(size));
  }
  static std::string Text(X509* certificate) {
    return Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
  }
  static std::string Text(EVP_PKEY* key) {
    return Pem([&](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  const Key key_;
  const Certificate certificate_;
};

}  // namespace kvshim::http
