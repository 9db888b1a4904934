#include "remote/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvshim::remote {
namespace {

using ::testing::HasSubstr;

TEST(Address, HasItsSchemeItsPlaceAndItsAccount) {
  const auto parsed =
      ParseAddresses("http://a:2379,https://me:p%40ss@[::1]:1/,https://b.example.org");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_EQ(parsed->size(), 3u);
  EXPECT_EQ((*parsed)[0].Url(), "http://a:2379");
  EXPECT_FALSE((*parsed)[0].tls);
  EXPECT_EQ((*parsed)[1].Url(), "https://[::1]:1");
  EXPECT_EQ((*parsed)[1].user, "me");
  EXPECT_EQ((*parsed)[1].password, "p@ss");
  EXPECT_EQ((*parsed)[2].authority, "b.example.org:2379");
}

TEST(Address, IsRefusedByNameWhereItIsNone) {
  const auto reason = [](std::string_view text) {
    return std::string(ParseAddresses(text).status().message());
  };
  EXPECT_THAT(reason(""), HasSubstr("no address"));
  EXPECT_THAT(reason("http://a,b:1"), HasSubstr("'b:1' is no address"));
  EXPECT_THAT(reason("http://"), HasSubstr("lacks its host"));
  EXPECT_THAT(reason("https:///path"), HasSubstr("lacks its host"));
}

TEST(Address, AFileThatIsMissingIsNamed) {
  EXPECT_THAT(
      std::string(
          Dial({.tls = true, .authority = "a:1"}, {.ca_file = "/nowhere"}).status().message()),
      HasSubstr("/nowhere"));
}

}  // namespace
}  // namespace kvshim::remote
