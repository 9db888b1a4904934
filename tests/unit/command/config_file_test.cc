#include "command/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvshim::command {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Reason(std::string_view text) {
  return std::string(ParseConfigFile(text).status().message());
}

TEST(ConfigFile, NamesHaveValuesOrLists) {
  const auto settings = ParseConfigFile(
      "---\n"
      "# of this server\n"
      "token: \"s3cret # no comment\"   # a comment\n"
      "https-listen-port: 6444\r\n"
      "tls-san: [a.example.org, 'b.example.org']\n"
      "write-kubeconfig:\n"
      "node:\n"
      "  - one\n"
      "- two\n");
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_EQ(settings->size(), 5u);
  EXPECT_THAT((*settings)[0].values, ElementsAre("s3cret # no comment"));
  EXPECT_EQ((*settings)[0].line, 3);
  EXPECT_THAT((*settings)[1].values, ElementsAre("6444"));
  EXPECT_THAT((*settings)[2].values, ElementsAre("a.example.org", "b.example.org"));
  EXPECT_TRUE((*settings)[3].values.empty());
  EXPECT_THAT((*settings)[4].values, ElementsAre("one", "two"));
}

TEST(ConfigFile, AnEqualsSignDoesAsWell) {
  const auto settings = ParseConfigFile(
      "endpoint = postgres://kv:secret@db:5432/kv?sslmode=require\nmax-txn-ops=3\ntoken: a = b\n");
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_EQ(settings->size(), 3u);
  EXPECT_EQ((*settings)[0].name, "endpoint");
  EXPECT_THAT((*settings)[0].values,
              ElementsAre("postgres://kv:secret@db:5432/kv?sslmode=require"));
  EXPECT_EQ((*settings)[1].name, "max-txn-ops");
  EXPECT_THAT((*settings)[2].values, ElementsAre("a = b"));
}

TEST(ConfigFile, RefusesWhatItDoesNotReadAndNamesTheLine) {
  EXPECT_THAT(Reason("a: b\nnonsense\n"), HasSubstr("line 2: is not name: value"));
  EXPECT_THAT(Reason("a: {b: c}\n"), HasSubstr("line 1"));
  EXPECT_THAT(Reason("a:\n  b: c\n"), HasSubstr("line 2: settings are not nested"));
  EXPECT_THAT(Reason("- a\n"), HasSubstr("before any name"));
  EXPECT_THAT(Reason("a: \"b\n"), HasSubstr("not closed"));
  EXPECT_THAT(Reason("a: [b\n"), HasSubstr("not closed"));
}

}  // namespace
}  // namespace kvshim::command
