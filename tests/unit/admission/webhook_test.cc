// Which requests webhooks are asked of, and how their answers are read.
#include <gtest/gtest.h>

#include <string>

#include "admission/lookup.h"
#include "admission/webhook_review.h"
#include "admission/webhook_rules.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "unit/admission/admission_fixture.h"

namespace kvplane::admission {
namespace {

namespace json = api::json;
using registry::Operation;

registry::Attributes Request(Operation operation, const kinds::Kind& kind,
                             std::string_view subresource = "", std::string_view version = "") {
  registry::Attributes attributes;
  attributes.operation = operation;
  attributes.kind = &kind;
  attributes.subresource = subresource;
  attributes.requester.group_version = version;
  attributes.name_space = kind.namespaced ? "web" : "";
  attributes.name = "x";
  return attributes;
}

Webhook Read(const std::string& rule, const std::string& more = "") {
  const json::Object configuration =
      api::ParseJson(R"({"metadata":{"name":"w"},"webhooks":[{"name":"a.b.c","rules":[)" + rule +
                     "]" + more + "}]}")
          ->get_object();
  return ReadWebhooks(configuration)->front();
}

std::string Rule(const std::string& operations, const std::string& groups,
                 const std::string& versions, const std::string& resources,
                 const std::string& scope = "*") {
  return R"({"operations":[)" + operations + R"(],"apiGroups":[)" + groups +
         R"(],"apiVersions":[)" + versions + R"(],"resources":[)" + resources + R"(],"scope":")" +
         scope + R"("})";
}

TEST(WebhookRules, MatchByOperationGroupVersionResourceAndScope) {
  const kinds::Kind& pods = BuiltIn("v1", "pods");
  const kinds::Kind& deployments = BuiltIn("apps/v1", "deployments");
  const kinds::Kind& nodes = BuiltIn("v1", "nodes");
  const struct {
    std::string rule;
    registry::Attributes request;
    bool matches;
  } kCases[] = {
      {Rule(R"("CREATE")", R"("")", R"("v1")", R"("pods")"), Request(Operation::kCreate, pods),
       true},
      {Rule(R"("UPDATE")", R"("")", R"("v1")", R"("pods")"), Request(Operation::kCreate, pods),
       false},
      {Rule(R"("*")", R"("*")", R"("*")", R"("*")"), Request(Operation::kDelete, deployments),
       true},
      {Rule(R"("*")", R"("*")", R"("*")", R"("*")"), Request(Operation::kUpdate, pods, "status"),
       false},
      {Rule(R"("*")", R"("*")", R"("*")", R"("*/*")"), Request(Operation::kUpdate, pods, "status"),
       true},
      {Rule(R"("*")", R"("*")", R"("*")", R"("pods/*")"), Request(Operation::kUpdate, pods), true},
      {Rule(R"("*")", R"("*")", R"("*")", R"("pods/exec")"),
       Request(Operation::kConnect, pods, "exec"), true},
      {Rule(R"("*")", R"("apps")", R"("v2")", R"("deployments")"),
       Request(Operation::kCreate, deployments), false},
      {Rule(R"("*")", R"("")", R"("*")", R"("nodes")", "Cluster"),
       Request(Operation::kCreate, nodes), true},
      {Rule(R"("*")", R"("")", R"("*")", R"("nodes")", "Namespaced"),
       Request(Operation::kCreate, nodes), false},
      {Rule(R"("*")", R"("")", R"("*")", R"("pods")", "Cluster"), Request(Operation::kCreate, pods),
       false},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(Read(one.rule).Match(one.request, nullptr).has_value(), one.matches) << one.rule;
  }
}

TEST(WebhookRules, TakeAnEquivalentVersionUnlessToldNotTo) {
  const kinds::Kind& scalers = BuiltIn("autoscaling/v2", "horizontalpodautoscalers");
  const std::string rule =
      Rule(R"("*")", R"("autoscaling")", R"("v1")", R"("horizontalpodautoscalers")");
  const auto request = Request(Operation::kCreate, scalers, "", "autoscaling/v2");
  const auto equivalent = Read(rule).Match(request, nullptr);
  ASSERT_TRUE(equivalent.has_value());
  EXPECT_EQ(equivalent->group_version, "autoscaling/v1");
  EXPECT_FALSE(Read(rule, R"(,"matchPolicy":"Exact")").Match(request, nullptr).has_value());
}

TEST(WebhookRules, SelectByTheLabelsOfNamespaceAndObject) {
  const std::string rule = Rule(R"("*")", R"("")", R"("*")", R"("pods")");
  const Webhook webhook =
      Read(rule, R"(,"namespaceSelector":{"matchLabels":{"hooked":"yes"}},"objectSelector":)"
                 R"({"matchLabels":{"a":"b"}})");
  json::Object pod = api::ParseJson(R"({"metadata":{"labels":{"a":"b"}}})")->get_object();
  json::Object plain = api::ParseJson(R"({"metadata":{}})")->get_object();
  const json::Object hooked{{"hooked", "yes"}};
  const json::Object free;
  auto request = Request(Operation::kUpdate, BuiltIn("v1", "pods"));
  request.SetObject(&pod);
  EXPECT_TRUE(webhook.Match(request, &hooked).has_value());
  EXPECT_FALSE(webhook.Match(request, &free).has_value());
  request.SetObject(&plain);
  EXPECT_FALSE(webhook.Match(request, &hooked).has_value());
  request.old = &pod;  // what it was counts as well
  EXPECT_TRUE(webhook.Match(request, &hooked).has_value());
}

TEST(AdmissionReview, RefusesAnswersThatAreNone) {
  Review review;
  review.uid = "u";
  const auto fault = [&](const std::string& body) {
    return std::string(ReadAnswer(review, body).status().message());
  };
  const auto response = [](const std::string& text) {
    return R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":)" + text +
           "}";
  };
  EXPECT_NE(fault("nonsense"), "");
  EXPECT_NE(fault(R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"})"), "");
  EXPECT_EQ(fault(response(R"({"uid":"other","allowed":true})")),
            "received invalid webhook response: expected response.uid=\"u\", got \"other\"");
  EXPECT_EQ(fault(response(R"({"uid":"u","allowed":true,"patch":"W10="})")),
            "received invalid webhook response: webhook returned response.patch but not "
            "response.patchType");
  EXPECT_EQ(fault(response(R"({"uid":"u","allowed":true})")), "");
}

TEST(AdmissionReview, TellsARefusalWithItsReasonAndCode) {
  const auto told = [](const std::string& status) {
    return registry::FailureOf(Denied("a.b.c", api::ParseJson(status)->get_object()));
  };
  EXPECT_EQ(told(R"({"message":"no","code":403,"reason":"Forbidden"})").message,
            "admission webhook \"a.b.c\" denied the request: no");
  EXPECT_EQ(told(R"({"message":"no","code":403})").code, 403);
  EXPECT_EQ(told(R"({"reason":"Invalid"})").message,
            "admission webhook \"a.b.c\" denied the request: Invalid");
  EXPECT_EQ(told("{}").message,
            "admission webhook \"a.b.c\" denied the request without explanation");
  EXPECT_EQ(told(R"({"code":200})").code, 400);
}

using AdmissionReviewOfAnObject = AdmissionTest;

TEST_F(AdmissionReviewOfAnObject, TakesPatchesToTheVersionThatWasTold) {
  const kinds::Kind& kind = BuiltIn("v1", "configmaps");
  json::Object object = api::ParseJson(R"({"kind":"ConfigMap","apiVersion":"v1","metadata":)"
                                       R"({"name":"a"},"data":{"x":"1"}})")
                            ->get_object();
  auto attributes = Request(Operation::kCreate, kind);
  attributes.SetObject(&object);
  const Version version{"v1", kind.message};
  const Review review = *MakeReview(*registry_, attributes, version);
  const json::Value patch = *api::ParseJson(R"([{"op":"replace","path":"/data/x","value":"2"}])");
  ASSERT_TRUE(ApplyPatch(*registry_, review, patch, version, attributes).ok());
  EXPECT_EQ(kinds::Text(object, {"data", "x"}), "2");
  EXPECT_TRUE(attributes.changed());
  EXPECT_FALSE(ApplyPatch(*registry_, review,
                          *api::ParseJson(R"([{"op":"remove","path":"/data/none"}])"), version,
                          attributes)
                   .ok());
}

}  // namespace
}  // namespace kvplane::admission
