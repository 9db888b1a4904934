#include "api/field_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/api/document.h"

namespace kvplane::api {
namespace {

FieldSet Set(std::string_view text) {
  const auto set = FieldSet::FromJson(Document(text));
  EXPECT_TRUE(set.ok()) << set.status();
  return set.ok() ? *set : FieldSet();
}

std::string Text(const FieldSet& set) { return ToJson(set.ToJson()); }

TEST(FieldSet, IsWrittenAsItIsRead) {
  constexpr std::string_view kText =
      R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:ports":{)"
      R"("k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}},"v:\"a\"":{},"i:0":{}}}})";
  EXPECT_EQ(Text(Set(kText)), kText);
}

TEST(FieldSet, PassesOverElementsOfALaterVersion) {
  EXPECT_EQ(Text(Set(R"({"x:new":{},"f:a":{}})")), R"({"f:a":{}})");
  EXPECT_FALSE(FieldSet::FromJson(Document(R"({"a":{}})")).ok());
  EXPECT_FALSE(FieldSet::FromJson(Document(R"({"v:{":{}})")).ok());
  EXPECT_FALSE(FieldSet::FromJson(Document(R"({"f:a":1})")).ok());
}

TEST(FieldSet, CountsMembersAndNotWhatIsBelowThem) {
  const FieldSet parent = Set(R"({"f:a":{}})");
  const FieldSet child = Set(R"({"f:a":{"f:b":{}}})");
  EXPECT_EQ(Text(parent.Union(child)), R"({"f:a":{".":{},"f:b":{}}})");
  EXPECT_EQ(Text(parent.Difference(child)), R"({"f:a":{}})");
  EXPECT_EQ(Text(child.Difference(parent)), R"({"f:a":{"f:b":{}}})");
  EXPECT_EQ(Text(child.RecursiveDifference(parent)), "{}");
  EXPECT_EQ(Text(child.RecursiveIntersection(parent)), R"({"f:a":{"f:b":{}}})");
  EXPECT_TRUE(parent.Intersection(child).empty());
}

TEST(FieldSet, ListsPathsAsConflictsNameThem) {
  std::vector<std::string> paths;
  Set(R"({"f:spec":{"f:c":{"k:{\"name\":\"web\"}":{"f:image":{}}},"f:a":{}},"f:status":{}})")
      .ForEach([&paths](const FieldsPath& path) { paths.push_back(ToString(path)); });
  EXPECT_THAT(paths, testing::ElementsAre(".status", ".spec.a", R"(.spec.c[name="web"].image)"));
}

TEST(PathElement, SortsByKindThenByWhatItIs) {
  const PathElement a = PathElement::Name("a");
  EXPECT_LT(a, PathElement::Name("b"));
  EXPECT_LT(a, PathElement::Keys({{"k", 1}}));
  EXPECT_LT(PathElement::Keys({{"k", 1}}), PathElement::Keys({{"k", 2}}));
  EXPECT_LT(PathElement::Keys({{"k", 1}}), PathElement::Value("x"));
  EXPECT_EQ(PathElement::Keys({{"b", 1}, {"a", 2}}), PathElement::Keys({{"a", 2}, {"b", 1}}));
}

}  // namespace
}  // namespace kvplane::api
