#include "cluster/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <ctime>

#include "cluster/openssl_handle.h"

namespace kvplane::cluster {
namespace {

using testing::ElementsAre;

CertificateHandle Read(const std::string& pem) {
  return CertificateHandle(PEM_read_bio_X509(ReadOnlyBio(pem).get(), nullptr, nullptr, nullptr));
}

bool Verifies(const std::string& authority, const std::string& certificate, int purpose) {
  const std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), Read(authority).get());
  const CertificateHandle own = Read(certificate);
  const std::unique_ptr<X509_STORE_CTX, OpenSslFree<X509_STORE_CTX_free>> context(
      X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), own.get(), nullptr);
  X509_STORE_CTX_set_purpose(context.get(), purpose);
  return X509_verify_cert(context.get()) == 1;
}

TEST(Certificate, ServesWhatItWasIssuedFor) {
  const KeyedCertificate authority = *MakeAuthority("test-ca");
  const auto serving = Issue(authority, {.common_name = "kube-apiserver",
                                         .dns_names = {"kubernetes", "*.example.org"},
                                         .ip_addresses = {"10.43.0.1", "::1"},
                                         .purpose = Purpose::kServer});
  ASSERT_TRUE(serving.ok()) << serving.status();
  EXPECT_TRUE(Verifies(authority.certificate, serving->certificate, X509_PURPOSE_SSL_SERVER));
  EXPECT_FALSE(Verifies(authority.certificate, serving->certificate, X509_PURPOSE_SSL_CLIENT));
  EXPECT_FALSE(Verifies(MakeAuthority("test-ca")->certificate, serving->certificate,
                        X509_PURPOSE_SSL_SERVER));
  const CertificateHandle read = Read(serving->certificate);
  EXPECT_EQ(X509_check_host(read.get(), "kubernetes", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(read.get(), "a.example.org", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(read.get(), "10.43.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(read.get(), "10.43.0.2", 0), 0);
}

TEST(Certificate, TellsWhoItsClientIs) {
  const KeyedCertificate authority = *MakeAuthority("test-ca");
  const auto admin = Issue(
      authority, {.common_name = "system:admin", .organizations = {"system:masters", "others"}});
  ASSERT_TRUE(admin.ok()) << admin.status();
  EXPECT_TRUE(Verifies(authority.certificate, admin->certificate, X509_PURPOSE_SSL_CLIENT));
  const auto facts = ReadCertificate(admin->certificate);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->common_name, "system:admin");
  EXPECT_THAT(facts->organizations, ElementsAre("system:masters", "others"));
}

TEST(Certificate, IsNotValidLongerThanItsAuthority) {
  const KeyedCertificate authority = *MakeAuthority("test-ca");
  const auto made =
      Issue(authority, {.common_name = "x", .lifetime = std::chrono::hours(24 * 365 * 50)});
  ASSERT_TRUE(made.ok());
  EXPECT_LE(ReadCertificate(made->certificate)->not_after,
            ReadCertificate(authority.certificate)->not_after);
  EXPECT_LT(ReadCertificate(made->certificate)->not_before, std::time(nullptr));
}

TEST(Certificate, RefusesNamesThatWouldSmuggleOthersIn) {
  const KeyedCertificate authority = *MakeAuthority("test-ca");
  for (const char* name : {"", "a,DNS:evil.example.org", "a b", "a\nb"}) {
    EXPECT_EQ(Issue(authority, {.common_name = "x", .dns_names = {name}}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_FALSE(Issue(authority, {.common_name = "x", .ip_addresses = {"not-an-ip"}}).ok());
  EXPECT_FALSE(Issue({"no", "pem"}, {.common_name = "x"}).ok());
  EXPECT_FALSE(ReadCertificate("-----BEGIN CERTIFICATE-----\n").ok());
}

}  // namespace
}  // namespace kvplane::cluster
