#include "cluster/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kvplane::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kHash(64, 'a');

TEST(Token, ReadsBackWhatItWrites) {
  const Token token{.ca_hash = kHash, .user = "server", .password = "pass:with::colons"};
  EXPECT_EQ(token.Text(), "K10" + kHash + "::server:pass:with::colons");
  const auto parsed = Token::Parse(token.Text() + "\n");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, token);
}

TEST(Token, APasswordAlonePinsNothing) {
  const auto parsed = Token::Parse("s3cret");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->password, "s3cret");
  EXPECT_TRUE(parsed->ca_hash.empty());
  EXPECT_EQ(parsed->Text(), "s3cret");
}

TEST(Token, RefusesOtherFormsWithoutRepeatingThem) {
  for (const std::string& text :
       {std::string(), std::string(" \n"), std::string("K10abc::server:secret"),
        "K10" + std::string(64, 'G') + "::server:secret", "K10" + kHash + "::secret",
        "K10" + kHash + "::server:", "K10" + kHash + ":server:secret",
        std::string("x::server:secret"), std::string("sec\nret")}) {
    const auto parsed = Token::Parse(text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(parsed.status().message()), Not(HasSubstr("secret")));
  }
}

TEST(Token, PasswordsAreRandomAndNodesHaveAnother) {
  const std::string password = RandomPassword();
  EXPECT_EQ(password.size(), 32u);
  EXPECT_NE(password, RandomPassword());
  EXPECT_EQ(NodePassword(password), NodePassword(password));
  EXPECT_NE(NodePassword(password), password);
  EXPECT_NE(NodePassword(password), NodePassword("other"));
}

}  // namespace
}  // namespace kvplane::cluster
