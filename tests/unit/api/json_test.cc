#include "api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json_equal.h"
#include "unit/api/document.h"

namespace kvplane::api {
namespace {

std::string Rewritten(std::string_view text) { return ToJson(Document(text)); }

TEST(Json, IsWrittenWithoutBlanksInTheOrderOfItsMembers) {
  EXPECT_EQ(Rewritten(R"( {"b" : [1, true, null], "a": {} } )"), R"({"b":[1,true,null],"a":{}})");
}

TEST(Json, EscapesWhatGoEscapes) {
  EXPECT_EQ(ToJson("<a href=\"x\">&\n\x01\xe2\x80\xa8käse</a>"),
            R"("\u003ca href=\"x\"\u003e\u0026\n\u0001\u2028käse\u003c/a\u003e")");
}

TEST(Json, NumbersAreAsShortAsTheyCanBe) {
  EXPECT_EQ(Rewritten("[1.0, 0.1, 1e21, 1e20, 1e-7, 0.000001, -9223372036854775808]"),
            "[1,0.1,1e+21,100000000000000000000,1e-7,0.000001,-9223372036854775808]");
  EXPECT_EQ(Rewritten("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(Rewritten("4444444444444440444444444445.4"), "4.4444444444444403e+27");
  EXPECT_FALSE(ParseJson("1e999").ok());
}

TEST(Json, TextThatIsNoneNamesTheByte) {
  EXPECT_FALSE(ParseJson("").ok());
  EXPECT_FALSE(ParseJson("{} {}").ok());
  EXPECT_FALSE(ParseJson("{\"a\":\"\xff\"}").ok());
  const auto broken = ParseJson(R"({"a":1,})");
  EXPECT_THAT(std::string(broken.status().message()), testing::HasSubstr("invalid JSON at byte 7"));
}

TEST(Json, IsRefusedWhenItIsNestedTooDeeply) {
  const std::string open(kMaxDepth + 1, '[');
  const std::string close(kMaxDepth + 1, ']');
  EXPECT_FALSE(ParseJson(open + close).ok());
  EXPECT_TRUE(ParseJson(open.substr(2) + close.substr(2)).ok());
}

TEST(JsonEqual, HeedsNeitherTheOrderOfMembersNorTheKindOfNumbers) {
  EXPECT_TRUE(JsonEqual(Document(R"({"a":1,"b":[2.0]})"), Document(R"({"b":[2],"a":1.0})")));
  EXPECT_FALSE(JsonEqual(Document("[1,2]"), Document("[2,1]")));
  EXPECT_FALSE(JsonEqual(Document(R"({"a":1})"), Document(R"({"b":1})")));
  EXPECT_FALSE(JsonEqual(Document("null"), Document("0")));
}

}  // namespace
}  // namespace kvplane::api
