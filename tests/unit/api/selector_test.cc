#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/field_selector.h"
#include "api/label_selector.h"
#include "unit/api/document.h"

namespace kvplane::api {
namespace {

bool Selects(std::string_view selector, std::string_view labels) {
  const auto parsed = LabelSelector::Parse(selector);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() && parsed->Matches(Document(labels).get_object());
}

TEST(LabelSelector, SelectsByEquality) {
  EXPECT_TRUE(Selects("", "{}"));
  EXPECT_TRUE(Selects("app=web,tier==a", R"({"app":"web","tier":"a"})"));
  EXPECT_FALSE(Selects("app=web", R"({"app":"db"})"));
  EXPECT_FALSE(Selects("app=web", "{}"));
  EXPECT_TRUE(Selects("app!=web", "{}"));
  EXPECT_TRUE(Selects("app=", R"({"app":""})"));
}

TEST(LabelSelector, SelectsBySets) {
  EXPECT_TRUE(Selects("app in (web, db)", R"({"app":"db"})"));
  EXPECT_FALSE(Selects("app in (web, db)", R"({"app":"x"})"));
  EXPECT_TRUE(Selects("app notin (web)", "{}"));
  EXPECT_TRUE(Selects("app,!canary", R"({"app":"x"})"));
  EXPECT_FALSE(Selects("!app", R"({"app":"x"})"));
  EXPECT_TRUE(Selects("in in (in)", R"({"in":"in"})"));
}

TEST(LabelSelector, ComparesNumbers) {
  EXPECT_TRUE(Selects("n>1", R"({"n":"2"})"));
  EXPECT_FALSE(Selects("n<1", R"({"n":"2"})"));
  EXPECT_FALSE(Selects("n>1", R"({"n":"x"})"));
}

TEST(LabelSelector, SaysWhatIsWrong) {
  const auto error = [](std::string_view text) {
    return std::string(LabelSelector::Parse(text).status().message());
  };
  EXPECT_EQ(error("a=b,"), "found '', expected: identifier after ','");
  EXPECT_EQ(error("a b"),
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
  EXPECT_EQ(error("a in b"), "unable to parse requirement: found 'b' expected: '('");
  EXPECT_THAT(error("-a=b"),
              testing::StartsWith("unable to parse requirement: <nil>: Invalid value: "
                                  "\"-a\": name part must consist of"));
}

TEST(LabelSelector, ComesFromObjects) {
  EXPECT_TRUE(LabelSelector::FromJson(Document("{}"))->MatchesEverything());
  EXPECT_FALSE(LabelSelector::FromJson(Document("null"))->Matches({}));
  const auto selector = LabelSelector::FromJson(Document(
      R"({"matchLabels":{"b":"1"},"matchExpressions":[{"key":"a","operator":"NotIn","values":["x"]}]})"));
  ASSERT_TRUE(selector.ok());
  EXPECT_EQ(selector->ToString(), "a notin (x),b=1");
  EXPECT_TRUE(selector->Matches({{"b", "1"}}));
  EXPECT_EQ(
      LabelSelector::FromJson(Document(R"({"matchExpressions":[{"key":"a","operator":"Is"}]})"))
          .status()
          .message(),
      "\"Is\" is not a valid label selector operator");
}

TEST(FieldSelector, SelectsByWhatFieldsAre) {
  const auto selector = FieldSelector::Parse("metadata.name=a,status.phase!=Failed,x==1\\,2");
  ASSERT_TRUE(selector.ok());
  const auto value_of = [](std::string_view field) -> std::string {
    return field == "metadata.name" ? "a" : field == "x" ? "1,2" : "";
  };
  EXPECT_TRUE(selector->Matches(value_of));
  EXPECT_EQ(selector->RequiredValue("metadata.name"), "a");
  EXPECT_EQ(selector->RequiredValue("status.phase"), std::nullopt);
  EXPECT_EQ(selector->ToString(), "metadata.name=a,status.phase!=Failed,x=1\\,2");
  EXPECT_TRUE(FieldSelector::Parse("")->MatchesEverything());
}

TEST(FieldSelector, SaysWhatIsWrong) {
  EXPECT_EQ(FieldSelector::Parse("name").status().message(),
            "invalid selector: 'name'; can't understand 'name'");
  EXPECT_EQ(FieldSelector::Parse("a=\\x").status().message(),
            "invalid field selector: invalid escape sequence: \\x");
}

}  // namespace
}  // namespace kvplane::api
