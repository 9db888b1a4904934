#include "api/field_ownership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/canonical.h"
#include "unit/api/document.h"

namespace kvplane::api {
namespace {

constexpr const char* kNow = "2026-01-02T03:04:05Z";

class FieldOwnershipTest : public testing::Test {
 protected:
  json::Object Canonical(std::string_view text) const {
    return Canonicalize(message_, Document(text))->get_object();
  }

  json::Object Create(std::string_view text, const std::string& manager) const {
    return fields_.Update(fields_.Nothing(), Canonical(text), {.manager = manager, .now = kNow});
  }

  ApplyResult Apply(const json::Object& live, std::string_view text, const std::string& manager,
                    bool force = false) const {
    const auto result =
        fields_.Apply(live, Document(text).get_object(),
                      {.manager = manager, .now = "2026-02-02T02:02:02Z", .force = force});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : ApplyResult();
  }

  static std::string Spec(const ApplyResult& result) { return ToJson(result.object.at("spec")); }

  static std::string Owned(const json::Object& object, const std::string& manager) {
    const auto managed = ManagedFields::Read(object);
    for (const auto& [owner, owned] : managed->owners()) {
      if (owner.manager == manager) return ToJson(owned.fields.ToJson());
    }
    return "nothing";
  }

  const Message& message_ = MessageNamed("v1", "Service");
  const FieldOwnership fields_{message_, "v1"};
};

constexpr std::string_view kService =
    R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s","labels":{"app":"a"}},)"
    R"("spec":{"ports":[{"port":80,"protocol":"TCP"}],"type":"ClusterIP"}})";

TEST_F(FieldOwnershipTest, WhoCreatesOwnsWhatIsThere) {
  const json::Object created = Create(kService, "curl");
  EXPECT_EQ(
      Owned(created, "curl"),
      R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:ports":{".":{},)"
      R"("k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{},"f:protocol":{},"f:targetPort":{}}},)"
      R"("f:type":{}}})");
  EXPECT_EQ(ToJson(created.at("metadata").at("managedFields").at(0).at("time")),
            "\"2026-01-02T03:04:05Z\"");
}

TEST_F(FieldOwnershipTest, WhoChangesAFieldTakesIt) {
  const json::Object live = Create(kService, "curl");
  json::Object changed = live;
  changed["spec"].as_object()["type"] = "NodePort";
  const json::Object after = fields_.Update(live, changed, {.manager = "edit", .now = kNow});
  EXPECT_EQ(Owned(after, "edit"), R"({"f:spec":{"f:type":{}}})");
  EXPECT_THAT(Owned(after, "curl"), testing::Not(testing::HasSubstr("f:type")));
}

TEST_F(FieldOwnershipTest, AnUpdateThatChangesNothingLeavesTheEntriesAlone) {
  const json::Object live = Create(kService, "curl");
  const json::Object after =
      fields_.Update(live, live, {.manager = "other", .now = "2027-01-01T00:00:00Z"});
  EXPECT_EQ(ToJson(after), ToJson(live));
}

TEST_F(FieldOwnershipTest, ClientsThatLeaveManagedFieldsOutDoNotLoseThem) {
  const json::Object live = Create(kService, "curl");
  json::Object bare = live;
  RemoveManagedFields(bare);
  EXPECT_EQ(ToJson(fields_.Update(live, bare, {.manager = "old", .now = kNow})), ToJson(live));
  json::Object reset = live;
  reset["metadata"].as_object()["managedFields"] = json::Array{json::Object()};
  reset["metadata"].as_object()["uid"] = "1";
  json::Object before = live;
  before["metadata"].as_object()["uid"] = "1";
  const json::Object after = fields_.Update(before, reset, {.manager = "old", .now = kNow});
  EXPECT_EQ(Owned(after, "curl"), "nothing");
}

TEST_F(FieldOwnershipTest, ApplyCreatesAndOwnsWhatItNames) {
  const ApplyResult result = Apply(fields_.Nothing(), kService, "helm");
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(Spec(result),
            R"({"ports":[{"protocol":"TCP","port":80,"targetPort":0}],"type":"ClusterIP"})");
  EXPECT_EQ(Owned(result.object, "helm"),
            R"({"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:ports":{)"
            R"("k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{},"f:protocol":{}}},)"
            R"("f:type":{}}})");
}

TEST_F(FieldOwnershipTest, ApplyMergesListsByTheirKeysWithTheirDefaults) {
  const json::Object live = Create(kService, "curl");
  const ApplyResult result = Apply(
      live, R"({"apiVersion":"v1","spec":{"ports":[{"port":443},{"port":80,"name":"http"}]}})",
      "helm");
  EXPECT_EQ(Spec(result), R"({"ports":[{"port":443,"targetPort":0},)"
                          R"({"name":"http","protocol":"TCP","port":80,"targetPort":0}],)"
                          R"("type":"ClusterIP"})");
}

TEST_F(FieldOwnershipTest, WhatIsNoLongerAppliedGoesUnlessSomebodyElseOwnsIt) {
  const ApplyResult first =
      Apply(fields_.Nothing(),
            R"({"apiVersion":"v1","metadata":{"labels":{"a":"1","b":"2","c":"3"}}})", "one");
  const ApplyResult second =
      Apply(first.object, R"({"apiVersion":"v1","metadata":{"labels":{"b":"2"}}})", "two");
  const ApplyResult third =
      Apply(second.object, R"({"apiVersion":"v1","metadata":{"labels":{"c":"3"}}})", "one");
  EXPECT_EQ(ToJson(third.object.at("metadata").at("labels")), R"({"b":"2","c":"3"})");
}

TEST_F(FieldOwnershipTest, ADifferentValueIsAConflictInKubernetesWords) {
  const json::Object live = Create(kService, "curl");
  constexpr std::string_view kOther = R"({"apiVersion":"v1","spec":{"type":"NodePort"}})";
  const ApplyResult one = Apply(live, kOther, "helm");
  EXPECT_EQ(one.ConflictMessage(),
            "Apply failed with 1 conflict: conflict with \"curl\" using v1: .spec.type");
  const ApplyResult two = Apply(
      live, R"({"apiVersion":"v1","metadata":{"labels":{"app":"b"}},"spec":{"type":"NodePort"}})",
      "helm");
  EXPECT_EQ(two.ConflictMessage(),
            "Apply failed with 2 conflicts: conflicts with \"curl\" using v1:\n"
            "- .metadata.labels.app\n- .spec.type");
  const ApplyResult forced = Apply(live, kOther, "helm", true);
  EXPECT_TRUE(forced.conflicts.empty());
  EXPECT_EQ(Owned(forced.object, "helm"), R"({"f:spec":{"f:type":{}}})");
  EXPECT_THAT(Owned(forced.object, "curl"), testing::Not(testing::HasSubstr("f:type")));
}

TEST_F(FieldOwnershipTest, TheSameValueIsSharedWithoutConflict) {
  const ApplyResult result = Apply(Create(kService, "curl"), kService, "helm");
  EXPECT_TRUE(result.conflicts.empty());
  EXPECT_FALSE(result.changed);
  EXPECT_THAT(Owned(result.object, "helm"), testing::HasSubstr("f:type"));
  EXPECT_THAT(Owned(result.object, "curl"), testing::HasSubstr("f:type"));
}

TEST_F(FieldOwnershipTest, AnObjectFromBeforeIsOwnedByNobodyInParticular) {
  json::Object live = Canonical(kService);
  live["metadata"].as_object()["uid"] = "1";
  const ApplyResult result =
      Apply(live, R"({"apiVersion":"v1","spec":{"type":"NodePort"}})", "helm");
  ASSERT_EQ(result.conflicts.size(), 1U);
  EXPECT_EQ(result.conflicts[0].manager, "\"before-first-apply\" using v1");
}

TEST_F(FieldOwnershipTest, KubectlMayGoOnFromItsOwnSide) {
  json::Object live = Canonical(kService);
  live["metadata"].as_object()["annotations"] = {
      {"kubectl.kubernetes.io/last-applied-configuration", json::ToBoost(kService)}};
  live = fields_.Update(fields_.Nothing(), live,
                        {.manager = "kubectl-client-side-apply", .now = kNow});
  constexpr std::string_view kNext =
      R"({"apiVersion":"v1","kind":"Service","spec":{"type":"NodePort"}})";
  EXPECT_EQ(Apply(live, kNext, "helm").conflicts.size(), 1U);
  const ApplyResult result = Apply(live, kNext, "kubectl");
  EXPECT_TRUE(result.conflicts.empty()) << result.ConflictMessage();
  EXPECT_THAT(ToJson(result.object.at("metadata").at("annotations")),
              testing::HasSubstr("NodePort"));
}

TEST_F(FieldOwnershipTest, RefusesConfigurationsThatDoNotFit) {
  const auto refused = [this](std::string_view text) {
    const auto result = fields_.Apply(fields_.Nothing(), Document(text).get_object(),
                                      {.manager = "m", .now = kNow});
    return std::string(result.status().message());
  };
  EXPECT_EQ(
      refused(R"({"apiVersion":"v1","metadata":{"name":"s","namespace":"n"},"spec":{"foo":1}})"),
      "failed to create typed patch object (n/s; v1, Kind=Service): .spec.foo: field not "
      "declared in schema");
  EXPECT_THAT(refused(R"({"apiVersion":"v1","spec":{"ports":[{"port":1},{"port":1}]}})"),
              testing::HasSubstr("duplicate entries for key [port=1,protocol=\"TCP\"]"));
  EXPECT_THAT(refused(R"({"apiVersion":"v1","spec":{"ports":{}}})"),
              testing::HasSubstr("expected list"));
  EXPECT_EQ(
      refused(R"({"apiVersion":"v2"})"),
      "Incorrect version specified in apply patch. Specified patch version: v2, expected: v1");
  EXPECT_EQ(refused(R"({"apiVersion":"v1","metadata":{"managedFields":[]}})"),
            "metadata.managedFields must be nil");
}

TEST_F(FieldOwnershipTest, WhatARequestCannotWriteIsNotOwned) {
  const FieldOwnershipOptions options{
      .manager = "curl", .now = kNow, .ignored = FieldSet({{"status"}})};
  json::Object object = Canonical(kService);
  object["status"] = {{"loadBalancer", {{"ingress", {{{"ip", "1.2.3.4"}}}}}}};
  const json::Object created = fields_.Update(fields_.Nothing(), object, options);
  EXPECT_THAT(Owned(created, "curl"), testing::Not(testing::HasSubstr("f:status")));
}

TEST(ManagedFields, TakesTheOldestUpdatersTogether) {
  ManagedFields managed;
  for (int i = 0; i < 15; ++i) {
    const FieldOwner owner{.manager = "m" + std::to_string(10 + i), .api_version = "v1"};
    managed.owners()[owner] = {.fields = FieldSet({{"f" + std::to_string(i)}}),
                               .api_version = "v1",
                               .time = "2026-01-01T00:00:" + std::to_string(10 + i) + "Z"};
  }
  managed.LimitUpdaters();
  EXPECT_EQ(managed.owners().size(), 10U);
  const auto& together =
      managed.owners().at(FieldOwner{.manager = "ancient-changes", .api_version = "v1"});
  EXPECT_EQ(ToJson(together.fields.ToJson()),
            R"({"f:f0":{},"f:f1":{},"f:f2":{},"f:f3":{},"f:f4":{},"f:f5":{}})");
}

TEST(ManagedFields, RefusesEntriesThatMakeNoSense) {
  const auto refused = [](std::string_view entry) {
    const std::string text = R"({"metadata":{"managedFields":[)" + std::string(entry) + "]}}";
    return std::string(ManagedFields::Read(Document(text).get_object()).status().message());
  };
  EXPECT_EQ(refused(R"({"operation":"Burn"})"), "operation must be `Apply` or `Update`");
  EXPECT_EQ(refused(R"({"operation":"Apply"})"), "apiVersion must not be empty");
  EXPECT_EQ(refused(R"({"operation":"Apply","apiVersion":"v1"})"),
            "missing fieldsType in managed fields entry 0");
  EXPECT_EQ(refused(R"({"operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV2"})"),
            "invalid fieldsType \"FieldsV2\" in managed fields entry 0");
}

}  // namespace
}  // namespace kvplane::api
