#include "api/field_validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/api/document.h"

namespace kvplane::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Faults(std::string_view text) {
  return FindFieldFaults(&MessageNamed("apps/v1", "Deployment"), text);
}

TEST(FieldValidation, FindsUnknownFieldsWithTheirPaths) {
  EXPECT_THAT(Faults(R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"a"},
                         "spec":{"foo":1,"template":{"spec":{"containers":[{},{"nme":"x"}]}}}})"),
              ElementsAre(R"(unknown field "spec.foo")",
                          R"(unknown field "spec.template.spec.containers[1].nme")"));
}

TEST(FieldValidation, FindsDuplicatesAlsoInMaps) {
  EXPECT_THAT(
      Faults(R"({"metadata":{"labels":{"a":"1","a":"2"}},"spec":{"replicas":1,"replicas":2}})"),
      ElementsAre(R"(duplicate field "metadata.labels.a")", R"(duplicate field "spec.replicas")"));
}

TEST(FieldValidation, DoesNotLookIntoWhatIsUnknown) {
  EXPECT_THAT(Faults(R"({"x":{"a":1,"a":2,"b":[{"c":1,"c":1}]}})"),
              ElementsAre(R"(unknown field "x")"));
}

TEST(FieldValidation, RepeatsNothingAndStopsAtAHundred) {
  EXPECT_THAT(Faults(R"({"x":1,"x":1,"x":1})"), ElementsAre(R"(unknown field "x")"));
  std::string text = "{";
  for (int i = 0; i < 150; ++i) text += "\"x" + std::to_string(i) + "\":0,";
  text.back() = '}';
  EXPECT_EQ(Faults(text).size(), 100U);
}

TEST(FieldValidation, KnowsNamesOnlyAsTheyAreWritten) {
  EXPECT_THAT(Faults(R"({"Metadata":{}})"), ElementsAre(R"(unknown field "Metadata")"));
}

TEST(FieldValidation, WithoutATypeFindsDuplicatesEverywhere) {
  EXPECT_THAT(FindFieldFaults(nullptr, R"({"a":[{"b":1,"b":2}],"c":{"d":1},"a":1})"),
              ElementsAre(R"(duplicate field "a[0].b")", R"(duplicate field "a")"));
}

TEST(FieldValidation, SurvivesTextThatIsNoJson) {
  EXPECT_THAT(Faults(""), IsEmpty());
  EXPECT_THAT(Faults("[[[["), IsEmpty());
  EXPECT_THAT(Faults(R"({"x":1,)"), ElementsAre(R"(unknown field "x")"));
  EXPECT_THAT(Faults(R"({"spec":[{"x":1}]})"), IsEmpty());
}

TEST(FieldValidation, JoinsFaultsToKubernetesError) {
  EXPECT_EQ(StrictDecodingError({R"(unknown field "a")", R"(duplicate field "b")"}),
            R"(strict decoding error: unknown field "a", duplicate field "b")");
}

TEST(FieldValidation, ReadsTheParameter) {
  EXPECT_EQ(*ParseFieldValidation(""), FieldValidation::kWarn);
  EXPECT_EQ(*ParseFieldValidation("Strict"), FieldValidation::kStrict);
  EXPECT_FALSE(ParseFieldValidation("strict").ok());
}

}  // namespace
}  // namespace kvplane::api
