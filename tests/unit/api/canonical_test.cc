#include "api/canonical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/api/document.h"

namespace kvplane::api {
namespace {

std::string Canonical(std::string_view group_version, std::string_view kind,
                      std::string_view text) {
  const auto document = Canonicalize(MessageNamed(group_version, kind), Document(text));
  return document.ok() ? ToJson(*document) : std::string(document.status().message());
}

TEST(Canonicalize, PutsMembersInOrderAndLeavesOutWhatIsEmpty) {
  EXPECT_EQ(Canonical("v1", "ConfigMap",
                      R"({"data":{"b":"2","a":"1"},"unknown":1,"immutable":false,"binaryData":{},
                          "metadata":{"namespace":"","name":"c","labels":null},
                          "kind":"ConfigMap","apiVersion":"v1"})"),
            R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c"},)"
            R"("immutable":false,"data":{"a":"1","b":"2"}})");
}

TEST(Canonicalize, AddsWhatMustNotBeMissing) {
  EXPECT_EQ(Canonical("v1", "Pod", R"({"spec":{"containers":[{"name":"c"}]}})"),
            R"({"metadata":{},"spec":{"containers":[{"name":"c","resources":{}}]},"status":{}})");
  EXPECT_EQ(Canonical("rbac.authorization.k8s.io/v1", "Role", "{}"),
            R"({"metadata":{},"rules":null})");
}

TEST(Canonicalize, KeepsZeroWherePointersTellItFromNothing) {
  EXPECT_EQ(Canonical("apps/v1", "ReplicaSet", R"({"spec":{"replicas":0,"minReadySeconds":0}})"),
            R"({"metadata":{},"spec":{"replicas":0,"selector":null,"template":{"metadata":{},)"
            R"("spec":{"containers":null}}},"status":{"replicas":0}})");
}

TEST(Canonicalize, WritesQuantitiesTimesAndBytesInOneWay) {
  EXPECT_EQ(Canonical("v1", "ResourceQuota",
                      R"({"metadata":{"creationTimestamp":"2026-01-02T03:04:05.678+01:00"},
                          "spec":{"hard":{"cpu":"1000m","memory":1073741824,"pods":"0.5k"}}})"),
            R"({"metadata":{"creationTimestamp":"2026-01-02T02:04:05Z"},)"
            R"("spec":{"hard":{"cpu":"1","memory":"1073741824","pods":"500"}},"status":{}})");
  EXPECT_EQ(Canonical("v1", "Secret", R"({"data":{"a":"aGk="}})"),
            R"({"metadata":{},"data":{"a":"aGk="}})");
  EXPECT_EQ(Canonical("coordination.k8s.io/v1", "Lease",
                      R"({"spec":{"renewTime":"2026-01-02T03:04:05.1234567Z"}})"),
            R"({"metadata":{},"spec":{"renewTime":"2026-01-02T03:04:05.123456Z"}})");
}

TEST(Canonicalize, NamesWhatIsOfAWrongTypeAsGoDoes) {
  EXPECT_EQ(
      Canonical("apps/v1", "Deployment", R"({"spec":{"replicas":"3"}})"),
      "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type "
      "int32");
  EXPECT_EQ(
      Canonical("v1", "Pod", R"({"spec":{"containers":[{"env":[{"value":1}]}]}})"),
      "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of "
      "type string");
  EXPECT_EQ(Canonical("v1", "Pod", R"({"spec":{"containers":{}}})"),
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type "
            "[]v1.Container");
  EXPECT_EQ(Canonical("v1", "Pod", R"({"metadata":{"labels":{"a":true}}})"),
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type "
            "string");
  EXPECT_EQ(Canonical("v1", "Pod", R"({"spec":{"terminationGracePeriodSeconds":1.5}})"),
            "json: cannot unmarshal number 1.5 into Go struct field "
            "PodSpec.spec.terminationGracePeriodSeconds of type int64");
  EXPECT_EQ(Canonical("v1", "Pod", "[]"),
            "json: cannot unmarshal array into Go value of type v1.Pod");
}

TEST(Canonicalize, SaysWhatIsWrongWithTimesQuantitiesAndBytes) {
  EXPECT_THAT(Canonical("v1", "Pod", R"({"metadata":{"creationTimestamp":"yesterday"}})"),
              testing::HasSubstr("parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\""));
  EXPECT_THAT(Canonical("v1", "ResourceQuota", R"({"spec":{"hard":{"cpu":"much"}}})"),
              testing::HasSubstr("quantities must match the regular expression"));
  EXPECT_EQ(Canonical("v1", "Secret", R"({"data":{"a":"a$k="}})"),
            "illegal base64 data at input byte 1");
}

TEST(Canonicalize, IsItsOwnFixedPoint) {
  for (const Schema::Kind& kind : Schema::Kubernetes().kinds()) {
    const auto once = Canonicalize(*kind.message, json::Object());
    ASSERT_TRUE(once.ok()) << once.status();
    const auto twice = Canonicalize(*kind.message, *once);
    ASSERT_TRUE(twice.ok()) << twice.status();
    EXPECT_EQ(ToJson(*once), ToJson(*twice)) << kind.kind;
  }
}

}  // namespace
}  // namespace kvplane::api
