#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json_patch.h"
#include "api/json_pointer.h"
#include "api/merge_patch.h"
#include "api/strategic_merge_patch.h"
#include "unit/api/document.h"

namespace kvplane::api {
namespace {

std::string Patched(std::string_view document, std::string_view patch) {
  const auto patched = ApplyJsonPatch(Document(document), Document(patch));
  return patched.ok() ? ToJson(*patched) : std::string(patched.status().message());
}

TEST(JsonPatch, DoesEveryOperation) {
  EXPECT_EQ(Patched(R"({"a":1})", R"([{"op":"add","path":"/b","value":[1]}])"),
            R"({"a":1,"b":[1]})");
  EXPECT_EQ(Patched(R"({"a":[1,2]})", R"([{"op":"add","path":"/a/1","value":9}])"),
            R"({"a":[1,9,2]})");
  EXPECT_EQ(Patched(R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])"), R"({"a":[1,2]})");
  EXPECT_EQ(Patched(R"({"a":1,"b":2,"c":3})", R"([{"op":"remove","path":"/a"}])"),
            R"({"b":2,"c":3})");
  EXPECT_EQ(Patched(R"({"a":[1,2,3]})", R"([{"op":"remove","path":"/a/0"}])"), R"({"a":[2,3]})");
  EXPECT_EQ(Patched(R"({"a":1})", R"([{"op":"replace","path":"/a","value":null}])"),
            R"({"a":null})");
  EXPECT_EQ(Patched(R"({"a":{"b":1}})", R"([{"op":"move","from":"/a/b","path":"/c"}])"),
            R"({"a":{},"c":1})");
  EXPECT_EQ(Patched(R"({"a":[1]})", R"([{"op":"copy","from":"/a","path":"/b"}])"),
            R"({"a":[1],"b":[1]})");
  EXPECT_EQ(Patched(R"({"a/b":{"~":1}})", R"([{"op":"test","path":"/a~1b/~0","value":1.0}])"),
            R"({"a/b":{"~":1}})");
  EXPECT_EQ(Patched(R"({"a":1})", R"([{"op":"add","path":"","value":{}}])"), "{}");
}

TEST(JsonPatch, SaysWhatCannotBeDone) {
  EXPECT_THAT(Patched("{}", R"([{"op":"replace","path":"/a","value":1}])"),
              testing::HasSubstr("replace operation does not apply: doc is missing path: /a"));
  EXPECT_THAT(Patched("{}", R"([{"op":"remove","path":"/a"}])"),
              testing::HasSubstr("missing path"));
  EXPECT_THAT(Patched(R"({"a":[]})", R"([{"op":"add","path":"/a/1","value":1}])"),
              testing::HasSubstr("missing path"));
  EXPECT_THAT(Patched(R"({"a":[1]})", R"([{"op":"remove","path":"/a/01"}])"),
              testing::HasSubstr("missing path"));
  EXPECT_EQ(Patched(R"({"a":1})", R"([{"op":"test","path":"/a","value":2}])"),
            "testing value /a failed: test failed");
  EXPECT_EQ(Patched("{}", R"([{"op":"burn","path":"/a"}])"), "Unexpected kind: burn");
  EXPECT_THAT(Patched(R"({"a":{}})", R"([{"op":"move","from":"/a","path":"/a/b"}])"),
              testing::HasSubstr("into itself"));
  EXPECT_FALSE(ApplyJsonPatch(json::Object(), Document("{}")).ok());
  EXPECT_FALSE(ApplyJsonPatch(json::Object(), Document("[1]")).ok());
  EXPECT_FALSE(ApplyJsonPatch(json::Object(), Document(R"([{"op":"add","path":"a"}])")).ok());
}

TEST(JsonPointer, Unescapes) {
  EXPECT_THAT(*ParseJsonPointer("/a~1b/~01/"), testing::ElementsAre("a/b", "~1", ""));
  EXPECT_THAT(*ParseJsonPointer(""), testing::IsEmpty());
  EXPECT_FALSE(ParseJsonPointer("a").ok());
}

TEST(MergePatch, FollowsTheExamplesOfTheStandard) {
  struct Example {
    std::string_view document, patch, result;
  };
  for (const Example& example : {
           Example{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
           Example{R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
           Example{R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
           Example{R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
           Example{R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
           Example{R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
           Example{R"({"a":"foo"})", "null", "null"},
           Example{R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
           Example{"[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})"},
           Example{"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
       }) {
    json::Value document = Document(example.document);
    MergePatch(document, Document(example.patch));
    EXPECT_EQ(ToJson(document), example.result) << example.patch;
  }
}

std::string Strategic(std::string_view document, std::string_view patch) {
  const auto patched =
      StrategicMergePatch(MessageNamed("v1", "Pod"), Document(document), Document(patch));
  return patched.ok() ? ToJson(*patched) : std::string(patched.status().message());
}

constexpr std::string_view kTwoContainers =
    R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}})";

TEST(StrategicMergePatch, MergesListsByTheirKey) {
  EXPECT_EQ(Strategic(kTwoContainers, R"({"spec":{"containers":[{"name":"b","image":"2"}]}})"),
            R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}})");
  EXPECT_EQ(Strategic(kTwoContainers, R"({"spec":{"containers":[{"name":"c","args":["x"]}]}})"),
            R"({"spec":{"containers":[{"name":"c","args":["x"]},)"
            R"({"name":"a","image":"1"},{"name":"b","image":"1"}]}})");
}

TEST(StrategicMergePatch, ReplacesListsWithoutOne) {
  EXPECT_EQ(Strategic(R"({"spec":{"tolerations":[{"key":"a"}]}})",
                      R"({"spec":{"tolerations":[{"key":"b"}]}})"),
            R"({"spec":{"tolerations":[{"key":"b"}]}})");
}

TEST(StrategicMergePatch, DeletesAndReplacesByDirective) {
  EXPECT_EQ(
      Strategic(kTwoContainers, R"({"spec":{"containers":[{"name":"a","$patch":"delete"}]}})"),
      R"({"spec":{"containers":[{"name":"b","image":"1"}]}})");
  EXPECT_EQ(
      Strategic(kTwoContainers, R"({"spec":{"containers":[{"name":"c"},{"$patch":"replace"}]}})"),
      R"({"spec":{"containers":[{"name":"c"}]}})");
  EXPECT_EQ(Strategic(R"({"spec":{"a":1,"nodeName":"n"}})",
                      R"({"spec":{"$patch":"replace","nodeName":"m"}})"),
            R"({"spec":{"nodeName":"m"}})");
  EXPECT_EQ(Strategic(R"({"spec":{"nodeName":"n"}})", R"({"spec":{"$patch":"delete"}})"),
            R"({"spec":{}})");
  EXPECT_EQ(Strategic(R"({"metadata":{"finalizers":["a","b","a"]}})",
                      R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}})"),
            R"({"metadata":{"finalizers":["b"]}})");
}

TEST(StrategicMergePatch, KeepsTheOrderThatIsAskedFor) {
  EXPECT_EQ(Strategic(kTwoContainers,
                      R"({"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],
                          "containers":[{"name":"a","image":"3"}]}})"),
            R"({"spec":{"containers":[{"name":"b","image":"1"},{"name":"a","image":"3"}]}})");
  EXPECT_EQ(Strategic(R"({"metadata":{"finalizers":["a","s","b"]}})",
                      R"({"metadata":{"$setElementOrder/finalizers":["b","a","c"],
                          "finalizers":["c"]}})"),
            R"({"metadata":{"finalizers":["s","b","a","c"]}})");
  EXPECT_THAT(Strategic(kTwoContainers,
                        R"({"spec":{"$setElementOrder/containers":[{"name":"a"}],
                            "containers":[{"name":"b"}]}})"),
              testing::HasSubstr("doesn't match $setElementOrder list"));
}

TEST(StrategicMergePatch, RetainsOnlyTheKeysThatAreNamed) {
  EXPECT_EQ(Strategic(R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})",
                      R"({"spec":{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],
                          "hostPath":{"path":"/"}}]}})"),
            R"({"spec":{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}})");
  EXPECT_THAT(Strategic(R"({"spec":{}})", R"({"spec":{"$retainKeys":["a"],"nodeName":"n"}})"),
              testing::HasSubstr("$retainKeys"));
}

TEST(StrategicMergePatch, RefusesElementsWithoutTheirKeyAndStrangeDirectives) {
  EXPECT_THAT(Strategic(kTwoContainers, R"({"spec":{"containers":[{"image":"2"}]}})"),
              testing::HasSubstr("does not contain declared merge key: name"));
  EXPECT_THAT(
      Strategic(kTwoContainers, R"({"spec":{"containers":[{"$patch":"burn","name":"a"}]}})"),
      testing::HasSubstr("unknown patch type"));
  EXPECT_THAT(Strategic(kTwoContainers, "[]"), testing::HasSubstr("must be an object"));
}

TEST(StrategicMergePatch, NullsRemoveAndLeaveNothingBehind) {
  EXPECT_EQ(Strategic(R"({"metadata":{"labels":{"a":"1","b":"2"}}})",
                      R"({"metadata":{"labels":{"a":null,"c":null},"annotations":{"x":null}}})"),
            R"({"metadata":{"labels":{"b":"2"},"annotations":{}}})");
}

}  // namespace
}  // namespace kvplane::api
