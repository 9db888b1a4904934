#include "controller/certificates.h"

#include <openssl/pem.h>

#include "api/base64.h"
#include "cluster/openssl_handle.h"
#include "cluster/signing_request.h"
#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

constexpr char kRequests[] = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

class CertificatesTest : public ControllerTest {
 protected:
  CertificatesTest() {
    Run([](Environment& environment) {
      ControllerList list;
      list.push_back(std::make_unique<CertificateApprover>(environment));
      list.push_back(std::make_unique<CertificateSigner>(environment));
      list.push_back(std::make_unique<CertificateCleaner>(environment));
      return list;
    });
  }

  static std::string Pem(const std::string& common_name, const std::string& organization,
                         const char* names = nullptr) {
    const cluster::KeyHandle key(EVP_EC_gen("P-256"));
    const cluster::RequestHandle request(X509_REQ_new());
    X509_NAME* subject = X509_REQ_get_subject_name(request.get());
    const auto add = [&](const char* field, const std::string& value) {
      X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0);
    };
    if (!organization.empty()) add("O", organization);
    add("CN", common_name);
    X509_REQ_set_pubkey(request.get(), key.get());
    if (names != nullptr) {
      const cluster::ExtensionsHandle list(sk_X509_EXTENSION_new_null());
      sk_X509_EXTENSION_push(list.get(),
                             X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names));
      X509_REQ_add_extensions(request.get(), list.get());
    }
    X509_REQ_sign(request.get(), key.get(), EVP_sha256());
    const cluster::BioHandle bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_REQ(bio.get(), request.get());
    return cluster::Content(bio.get());
  }

  // As somebody; the answer of the API.
  Answer Request(const std::string& signer, const std::string& pem, const std::string& usage,
                 const std::string& user = "alice", const std::string& more = "") {
    apiserver::Request request{
        .method = "POST", .path = kRequests, .headers = {{"content-type", "application/json"}}};
    request.body = R"({"kind":"CertificateSigningRequest","apiVersion":"certificates.k8s.io/v1",)"
                   R"("metadata":{"name":"r"},"spec":{"signerName":"kubernetes.io/)" +
                   signer + R"(","username":"somebody-else","usages":["digital signature",")" +
                   usage + R"("],"request":")" + api::EncodeBase64(pem) + "\"" + more + "}}";
    request.user = {.name = user, .groups = {"system:authenticated"}};
    auto response = std::make_shared<apiserver::RecordingResponse>();
    api_->Handle(std::move(request), response);
    response->AwaitEnd();
    EXPECT_EQ(response->status(), 201) << response->body();
    return {response->status(), response->body()};
  }
  void Approve() {
    json::Object request = Get(Url()).object();
    request["status"] =
        json::Object{{"conditions", json::Array{json::Object{{"type", "Approved"},
                                                             {"status", "True"},
                                                             {"reason", "Test"},
                                                             {"lastUpdateTime", wall_.Text()}}}}};
    const Answer approved = Put(Url() + "/approval", api::ToJson(json::Value(request)));
    EXPECT_EQ(approved.status, 200) << approved.body;
  }
  static std::string Url() { return std::string(kRequests) + "/r"; }
  bool AwaitCertificate() {
    return Await([&] { return Get(Url()).at("status.certificate") != "(none)"; });
  }
  std::string Certificate() { return *api::DecodeBase64(Get(Url()).at("status.certificate")); }
  static bool IsSignedBy(const std::string& pem, const cluster::KeyedCertificate& authority) {
    const auto read = [](const std::string& text) {
      return cluster::CertificateHandle(
          PEM_read_bio_X509(cluster::ReadOnlyBio(text).get(), nullptr, nullptr, nullptr));
    };
    const auto certificate = read(pem);
    const auto issuer = read(authority.certificate);
    return X509_verify(certificate.get(), X509_get0_pubkey(issuer.get())) == 1;
  }
};

TEST_F(CertificatesTest, WhatIsApprovedIsSignedByTheClientsAuthority) {
  const Answer created = Request("kube-apiserver-client", Pem("bob", "dev"), "client auth");
  EXPECT_EQ(created.at("spec.username"), "alice");
  Approve();
  ASSERT_TRUE(AwaitCertificate());
  const auto facts = cluster::ReadCertificate(Certificate());
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->common_name, "bob");
  EXPECT_EQ(facts->organizations, std::vector<std::string>{"dev"});
  EXPECT_TRUE(IsSignedBy(Certificate(), Cluster().client_ca));
}

TEST_F(CertificatesTest, ARequestMayAskForLess) {
  Request("kube-apiserver-client", Pem("bob", "dev"), "client auth", "alice",
          R"(,"expirationSeconds":3600)");
  Approve();
  ASSERT_TRUE(AwaitCertificate());
  const auto facts = cluster::ReadCertificate(Certificate());
  EXPECT_NEAR(static_cast<double>(facts->not_after - std::time(nullptr)), 3600, 30);
}

TEST_F(CertificatesTest, WhatWasApprovedStaysWhatItWas) {
  Request("kube-apiserver-client", Pem("bob", "dev"), "client auth");
  json::Object request = Get(Url()).object();
  request["spec"].as_object()["request"] = api::EncodeBase64(Pem("root", "system:masters"));
  EXPECT_EQ(Put(Url(), api::ToJson(json::Value(request))).status, 200);
  Approve();
  ASSERT_TRUE(AwaitCertificate());
  EXPECT_EQ(cluster::ReadCertificate(Certificate())->common_name, "bob");
}

TEST_F(CertificatesTest, KubeletsThatMayAreApprovedAndSigned) {
  authorizer_.allowed = {"system:node:w1 create certificatesigningrequests/selfnodeclient"};
  Request("kube-apiserver-client-kubelet", Pem("system:node:w1", "system:nodes"), "client auth",
          "system:node:w1");
  ASSERT_TRUE(AwaitCertificate());
  EXPECT_EQ(Get(Url()).at("status.conditions.0.message"),
            "Auto approving self kubelet client certificate after SubjectAccessReview.");
}

TEST_F(CertificatesTest, KubeletsThatMayNotWaitForPeople) {
  authorizer_.allowed = {"system:node:w1 create certificatesigningrequests/selfnodeclient"};
  // Another node's.
  Request("kube-apiserver-client-kubelet", Pem("system:node:w2", "system:nodes"), "client auth",
          "system:node:w1");
  controllers_->RunDue();
  EXPECT_EQ(Get(Url()).at("status.conditions"), "(none)");
  Approve();
  EXPECT_TRUE(AwaitCertificate());
}

TEST_F(CertificatesTest, KubeletsServersAreSignedByTheServersAuthorityWithTheirNames) {
  Request("kubelet-serving", Pem("system:node:w1", "system:nodes", "DNS:w1,IP:10.0.0.1"),
          "server auth");
  Approve();
  ASSERT_TRUE(AwaitCertificate());
  EXPECT_TRUE(IsSignedBy(Certificate(), Cluster().server_ca));
}

TEST_F(CertificatesTest, WhatASignerDoesNotSignFailsAndSaysWhy) {
  Request("kubelet-serving", Pem("system:node:w1", "system:nodes"), "server auth");
  Approve();
  EXPECT_TRUE(AwaitAt(Url(), "status.conditions.1.type", "Failed"));
  EXPECT_EQ(Get(Url()).at("status.conditions.1.message"), "DNS or IP subjectAltName is required");
  EXPECT_EQ(Get(Url()).at("status.conditions.1.reason"), "SignerValidationFailure");
  EXPECT_EQ(Get(Url()).at("status.certificate"), "(none)");
}

TEST_F(CertificatesTest, OtherSignersRequestsAreTheirs) {
  Request("../example.com/mine", Pem("bob", "dev"), "client auth");
  Approve();
  Pass(std::chrono::minutes(1));
  EXPECT_EQ(Get(Url()).at("status.certificate"), "(none)");
}

TEST_F(CertificatesTest, AnsweredRequestsGoAfterAnHourAndOthersAfterADay) {
  Request("kube-apiserver-client", Pem("bob", "dev"), "client auth");
  controllers_->RunDue();
  Pass(std::chrono::hours(2));
  EXPECT_EQ(Get(Url()).status, 200);
  Approve();
  ASSERT_TRUE(AwaitCertificate());
  controllers_->RunDue();
  Pass(std::chrono::minutes(58));
  EXPECT_EQ(Get(Url()).status, 200);
  Pass(std::chrono::minutes(3));
  EXPECT_TRUE(AwaitGone(Url()));
  Request("kube-apiserver-client", Pem("bob", "dev"), "client auth");
  controllers_->RunDue();
  EXPECT_TRUE(Await([&] {
    Pass(std::chrono::hours(4));
    return Get(Url()).status == 404;
  }));
}

}  // namespace
}  // namespace kvplane::controller
