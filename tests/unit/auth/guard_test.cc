#include "auth/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <memory>
#include <optional>

#include "api/base64.h"
#include "auth/authenticator.h"
#include "auth/rbac.h"
#include "auth/service_account_tokens.h"
#include "cluster/certificate.h"
#include "cluster/openssl_handle.h"

namespace kvplane::auth {
namespace {

using apiserver::Pairs;
using apiserver::Request;
using apiserver::Response;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

struct Answer {
  int status = 0;
  std::string body;
};

class RecordingResponse : public Response {
 public:
  explicit RecordingResponse(Answer& answer) : answer_(answer) {}
  void Send(int status, Pairs, std::string body) override { answer_ = {status, std::move(body)}; }
  void Begin(int status, Pairs) override { answer_.status = status; }
  bool Write(std::string_view) override { return true; }
  void End() override {}
  void OnGone(std::function<void()>) override {}

 private:
  Answer& answer_;
};

std::shared_ptr<const std::vector<std::string>> Shown(const std::string& pem) {
  const cluster::CertificateHandle certificate(
      PEM_read_bio_X509(cluster::ReadOnlyBio(pem).get(), nullptr, nullptr, nullptr));
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate.get(), &bytes);
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return std::make_shared<std::vector<std::string>>(std::vector<std::string>{std::move(der)});
}

class GuardTest : public testing::Test {
 protected:
  GuardTest() {
    roles_.Put(Role{.name = "all", .rules = {{.verbs = {"*"}, .non_resource_urls = {"*"}}}});
    roles_.Put(Binding{.name = "all",
                       .role_name = "all",
                       .subjects = {{.kind = "Group", .name = "system:authenticated"}}});
    handler_ =
        Guard({.authenticate =
                   [this](const Request& request) { return authenticator_->Authenticate(request); },
               .authorizer = rbac_},
              [this](Request request, std::shared_ptr<Response> response) {
                seen_ = std::move(request);
                response->Send(200, {}, "");
              });
  }

  Answer Ask(Pairs headers, std::shared_ptr<const std::vector<std::string>> shown = nullptr) {
    Answer answer;
    seen_.reset();
    handler_({.method = "GET",
              .path = "/page",
              .headers = std::move(headers),
              .certificates = std::move(shown)},
             std::make_shared<RecordingResponse>(answer));
    return answer;
  }
  std::string Issue(const cluster::KeyedCertificate& authority, const std::string& name,
                    std::vector<std::string> groups,
                    cluster::Purpose purpose = cluster::Purpose::kClient) {
    return cluster::Issue(
               authority,
               {.common_name = name, .organizations = std::move(groups), .purpose = purpose})
        ->certificate;
  }

  const cluster::KeyedCertificate client_ca_ = *cluster::MakeAuthority("client-ca");
  const cluster::KeyedCertificate proxy_ca_ = *cluster::MakeAuthority("proxy-ca");
  const ServiceAccountTokens tokens_{
      {.key = *JwtKey::FromPem(*cluster::MakeKey()), .issuer = "https://issuer"}};
  RoleTable roles_;
  Rbac rbac_{roles_};
  const std::unique_ptr<Authenticator> authenticator_ = *Authenticator::Make(
      {.client_ca = client_ca_.certificate,
       .request_header_ca = proxy_ca_.certificate,
       .tokens = &tokens_,
       .fixed = {{"node:secret", {.name = "kvplane:node", .groups = {"kvplane:nodes"}}}}});
  apiserver::Handler handler_;
  std::optional<Request> seen_;
};

TEST_F(GuardTest, WhoShowsNothingIsAnonymousAndForbidden) {
  const Answer answer = Ask({});
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr(R"(User \"system:anonymous\" cannot get path \"/page\")"));
  EXPECT_FALSE(seen_);
}

TEST_F(GuardTest, ACertificateNamesUserAndGroups) {
  EXPECT_EQ(Ask({}, Shown(Issue(client_ca_, "bob", {"developers"}))).status, 200);
  EXPECT_EQ(seen_->user.name, "bob");
  EXPECT_THAT(seen_->user.groups, ElementsAre("developers", "system:authenticated"));
}

TEST_F(GuardTest, OtherCertificatesAreUnauthorized) {
  const auto other = *cluster::MakeAuthority("client-ca");
  for (const std::string& pem : {Issue(other, "bob", {"system:masters"}),
                                 Issue(client_ca_, "server", {}, cluster::Purpose::kServer),
                                 Issue(proxy_ca_, "bob", {"system:masters"})}) {
    const Answer answer = Ask({}, Shown(pem));
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body, R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
                           R"("message":"Unauthorized","reason":"Unauthorized","code":401})"
                           "\n");
  }
}

TEST_F(GuardTest, TokensAreTaken) {
  const std::string token = tokens_.Issue({.account = {"web", "shop", "u"}})->token;
  EXPECT_EQ(Ask({{"authorization", "Bearer " + token}}).status, 200);
  EXPECT_EQ(seen_->user.name, "system:serviceaccount:web:shop");
  EXPECT_EQ(Ask({{"authorization", "bearer  " + token}}).status, 200);
  EXPECT_EQ(Ask({{"authorization", "Bearer x" + token}}).status, 401);
  EXPECT_EQ(Ask({{"authorization", "Bearer " + token.substr(0, token.size() - 5)}}).status, 401);
  EXPECT_EQ(Ask({{"authorization", "Basic " + api::EncodeBase64("node:secret")}}).status, 200);
  EXPECT_EQ(seen_->user.name, "kvplane:node");
  EXPECT_EQ(Ask({{"authorization", "Basic " + api::EncodeBase64("node:Secret")}}).status, 401);
}

TEST_F(GuardTest, AProxySpeaksForOthersWithItsCertificateOnly) {
  const Pairs headers{
      {"x-remote-user", "alice"}, {"x-remote-group", "staff"}, {"x-remote-extra-scope", "a"}};
  EXPECT_EQ(Ask(headers, Shown(Issue(proxy_ca_, "proxy", {}))).status, 200);
  EXPECT_EQ(seen_->user.name, "alice");
  EXPECT_THAT(seen_->user.groups, ElementsAre("staff", "system:authenticated"));
  EXPECT_THAT(seen_->user.extra.at("scope"), ElementsAre("a"));
  EXPECT_EQ(Ask(headers).status, 403);
  EXPECT_EQ(Ask(headers, Shown(Issue(client_ca_, "bob", {}))).status, 200);
  EXPECT_EQ(seen_->user.name, "bob");
}

TEST_F(GuardTest, ImpersonationNeedsLeaveForEachPart) {
  const auto admin = Shown(Issue(client_ca_, "root", {"system:masters"}));
  EXPECT_EQ(Ask({{"impersonate-user", "alice"}, {"impersonate-group", "staff"}}, admin).status,
            200);
  EXPECT_EQ(seen_->user.name, "alice");
  EXPECT_THAT(seen_->user.groups, ElementsAre("staff", "system:authenticated"));
  EXPECT_TRUE(seen_->headers.empty());
  // As another one has only what the other has.
  EXPECT_EQ(Ask({{"impersonate-user", "system:anonymous"}}, admin).status, 403);

  const auto bob = Shown(Issue(client_ca_, "bob", {}));
  const Answer refused = Ask({{"impersonate-user", "alice"}}, bob);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body,
              HasSubstr(R"(users \"alice\" is forbidden: User \"bob\" cannot impersonate resource )"
                        R"(\"users\" in API group \"\" at the cluster scope)"));
  roles_.Put(Role{.name = "as-alice",
                  .rules = {{.verbs = {"impersonate"},
                             .api_groups = {""},
                             .resources = {"users"},
                             .resource_names = {"alice"}}}});
  roles_.Put(Binding{
      .name = "as-alice", .role_name = "as-alice", .subjects = {{.kind = "User", .name = "bob"}}});
  EXPECT_EQ(Ask({{"impersonate-user", "alice"}}, bob).status, 200);
  EXPECT_EQ(Ask({{"impersonate-user", "carol"}}, bob).status, 403);
  EXPECT_EQ(Ask({{"impersonate-user", "alice"}, {"impersonate-group", "staff"}}, bob).status, 403);
  EXPECT_EQ(Ask({{"impersonate-group", "staff"}}, admin).status, 400);
}

TEST_F(GuardTest, AServiceAccountIsInItsGroupsWhoeverActsAsIt) {
  const auto admin = Shown(Issue(client_ca_, "root", {"system:masters"}));
  EXPECT_EQ(Ask({{"impersonate-user", "system:serviceaccount:web:shop"}}, admin).status, 200);
  EXPECT_THAT(
      seen_->user.groups,
      ElementsAre("system:serviceaccounts", "system:serviceaccounts:web", "system:authenticated"));
}

}  // namespace
}  // namespace kvplane::auth
