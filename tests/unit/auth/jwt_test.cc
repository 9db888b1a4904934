#include "auth/jwt.h"

#include <gtest/gtest.h>

#include "cluster/certificate.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;

JwtKey NewKey() { return *JwtKey::FromPem(*cluster::MakeKey()); }

TEST(Jwt, VerifiesWhatTheKeySigned) {
  const JwtKey key = NewKey();
  const auto token = key.Sign({{"sub", "someone"}, {"exp", 7}});
  ASSERT_TRUE(token.ok()) << token.status();
  const auto claims = key.Verify(*token);
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->at("sub").as_string(), "someone");
  EXPECT_FALSE(NewKey().Verify(*token).ok());
}

TEST(Jwt, NoPartCanBeChanged) {
  const JwtKey key = NewKey();
  const std::string token = *key.Sign({{"sub", "someone"}});
  for (size_t at = 0; at < token.size(); ++at) {
    std::string changed = token;
    // The last digit of each part may have bits that stand for nothing.
    changed[at] = changed[at] == 'A' ? 'Z' : 'A';
    const bool last = at + 1 == token.size() || token[at + 1] == '.';
    EXPECT_TRUE(last || !key.Verify(changed).ok()) << at;
  }
}

TEST(Jwt, TheTokenDoesNotChooseTheAlgorithm) {
  const JwtKey key = NewKey();
  const std::string claims = EncodeBase64Url(R"({"sub":"someone"})");
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"HS256"})", R"({})", "[]", "x"}) {
    EXPECT_FALSE(key.Verify(EncodeBase64Url(header) + "." + claims + ".").ok()) << header;
  }
}

TEST(Jwt, OtherTextsAreNoTokens) {
  const JwtKey key = NewKey();
  for (const char* text : {"", ".", "..", "...", "a.b.c", "K10abc::server:secret"}) {
    EXPECT_EQ(key.Verify(text).status().code(), absl::StatusCode::kUnauthenticated) << text;
  }
  EXPECT_FALSE(key.Verify(std::string(1 << 20, 'a')).ok());
}

TEST(Jwt, Base64ForUrlsHasNoPaddingAndNoPlus) {
  EXPECT_EQ(EncodeBase64Url("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(EncodeBase64Url("a"), "YQ");
  EXPECT_EQ(*DecodeBase64Url("YQ"), "a");
  EXPECT_EQ(*DecodeBase64Url("-__-"), "\xfb\xff\xfe");
  EXPECT_FALSE(DecodeBase64Url("YQ==").ok());
  EXPECT_FALSE(DecodeBase64Url("+//+").ok());
  EXPECT_FALSE(DecodeBase64Url("Y").ok());
}

}  // namespace
}  // namespace kvplane::auth
