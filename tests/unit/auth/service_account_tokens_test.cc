#include "auth/service_account_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/certificate.h"

namespace kvplane::auth {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kIssuer[] = "https://kubernetes.default.svc.cluster.local";

class ServiceAccountTokensTest : public testing::Test {
 protected:
  ServiceAccountTokens Make() {
    return ServiceAccountTokens({.key = key_,
                                 .issuer = kIssuer,
                                 .now = [this] { return now_; },
                                 .exists = [this](const auto&, const auto&) { return exists_; }});
  }

  const JwtKey key_ = *JwtKey::FromPem(*cluster::MakeKey());
  int64_t now_ = 1'800'000'000;
  bool exists_ = true;
  const apiserver::TokenWish wish_{.account = {.ns = "web", .name = "shop", .uid = "u-1"},
                                   .lifetime_seconds = 600,
                                   .bound = {.kind = "Pod", .name = "shop-0", .uid = "p-1"}};
};

TEST_F(ServiceAccountTokensTest, StandForTheirAccount) {
  const ServiceAccountTokens tokens = Make();
  const auto issued = tokens.Issue(wish_);
  ASSERT_TRUE(issued.ok()) << issued.status();
  EXPECT_EQ(issued->expires, now_ + 600);
  const auto reviewed = tokens.Review(issued->token, {});
  ASSERT_TRUE(reviewed.ok()) << reviewed.status();
  EXPECT_EQ(reviewed->user.name, "system:serviceaccount:web:shop");
  EXPECT_EQ(reviewed->user.uid, "u-1");
  EXPECT_THAT(reviewed->user.groups,
              ElementsAre("system:serviceaccounts", "system:serviceaccounts:web"));
  EXPECT_THAT(reviewed->user.extra.at("authentication.kubernetes.io/pod-name"),
              ElementsAre("shop-0"));
  EXPECT_THAT(reviewed->user.extra.at("authentication.kubernetes.io/credential-id")[0],
              StartsWith("JTI="));
  EXPECT_THAT(reviewed->audiences, ElementsAre(kIssuer));
}

TEST_F(ServiceAccountTokensTest, Expire) {
  const ServiceAccountTokens tokens = Make();
  const std::string token = tokens.Issue(wish_)->token;
  now_ += 599;
  EXPECT_TRUE(tokens.Review(token, {}).ok());
  now_ += 1;
  EXPECT_THAT(std::string(tokens.Review(token, {}).status().message()), HasSubstr("expired"));
}

TEST_F(ServiceAccountTokensTest, AreForTheirAudience) {
  const ServiceAccountTokens tokens = Make();
  apiserver::TokenWish wish = wish_;
  wish.audiences = {"vault", "registry"};
  const std::string token = tokens.Issue(wish)->token;
  EXPECT_FALSE(tokens.Review(token, {}).ok());
  EXPECT_THAT(tokens.Review(token, {"other", "vault"})->audiences, ElementsAre("vault"));
}

TEST_F(ServiceAccountTokensTest, EndWithTheirAccount) {
  const ServiceAccountTokens tokens = Make();
  const std::string token = tokens.Issue(wish_)->token;
  exists_ = false;
  EXPECT_EQ(tokens.Review(token, {}).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(ServiceAccountTokensTest, OfAnotherIssuerAreRefused) {
  const ServiceAccountTokens other({.key = key_, .issuer = "https://elsewhere"});
  EXPECT_FALSE(Make().Review(other.Issue(wish_)->token, {"https://elsewhere"}).ok());
}

TEST_F(ServiceAccountTokensTest, CanBeVerifiedByOthers) {
  EXPECT_THAT(Make().Jwks(), HasSubstr(R"("kid":")" + key_.id()));
  EXPECT_THAT(Make().DiscoveryDocument(), HasSubstr("/openid/v1/jwks"));
}

}  // namespace
}  // namespace kvplane::auth
