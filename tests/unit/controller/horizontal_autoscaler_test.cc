#include "controller/horizontal_autoscaler.h"

#include "kinds/members.h"
#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

using namespace std::chrono_literals;

constexpr char kAutoscalers[] = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
constexpr char kAutoscaler[] =
    "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/web";

class HorizontalAutoscalerTest : public ControllerTest {
 protected:
  HorizontalAutoscalerTest() { Run<HorizontalAutoscaler>(); }

  void Deploy(int replicas) {
    EXPECT_EQ(Post(apiserver::kDeployments, apiserver::Deployment("web", replicas)).status, 201);
  }
  void Autoscale(const std::string& bounds, const std::string& kind = "Deployment") {
    const Answer created =
        Post(kAutoscalers, R"({"metadata":{"name":"web"},"spec":{"scaleTargetRef":{"apiVersion":)"
                           R"("apps/v1","kind":")" +
                               kind + R"(","name":"web"},)" + bounds + "}}");
    EXPECT_EQ(created.status, 201) << created.body;
  }
  std::string Replicas() {
    return Get(std::string(apiserver::kDeployments) + "/web").at("spec.replicas");
  }
  // "False FailedGetResourceMetric: …"
  std::string Condition(std::string_view type) {
    std::string text;
    kinds::ForEach(Get(kAutoscaler).object(), {"status", "conditions"},
                   [&](const json::Object& one) {
                     if (kinds::Text(one, {"type"}) != type) return;
                     text = std::string(kinds::Text(one, {"status"})) + " " +
                            std::string(kinds::Text(one, {"reason"})) + ": " +
                            std::string(kinds::Text(one, {"message"}));
                   });
    return text;
  }
  bool AwaitCondition(std::string_view type, const std::string& begin) {
    const bool came = Await([&] { return Condition(type).starts_with(begin); });
    EXPECT_TRUE(came) << Condition(type);
    return came;
  }
};

TEST_F(HorizontalAutoscalerTest, TheReplicasComeToLieWithinTheBounds) {
  Deploy(1);
  Autoscale(R"("minReplicas":3,"maxReplicas":5)");
  EXPECT_TRUE(Await([&] { return Replicas() == "3"; })) << Replicas();
  EXPECT_TRUE(AwaitCondition("AbleToScale",
                             "True SucceededRescale: the HPA controller was able to "
                             "update the target scale to 3"));
  EXPECT_EQ(Get(kAutoscaler).at("status.desiredReplicas"), "3");
  EXPECT_NE(Get(kAutoscaler).at("status.lastScaleTime"), "(none)");

  Patch(std::string(apiserver::kDeployments) + "/web", "application/merge-patch+json",
        R"({"spec":{"replicas":9}})");
  Pass(15s);
  EXPECT_TRUE(Await([&] { return Replicas() == "5"; })) << Replicas();
}

TEST_F(HorizontalAutoscalerTest, WithinTheBoundsItSaysThatItHasNoMetrics) {
  Deploy(2);
  Autoscale(R"("minReplicas":1,"maxReplicas":5)");
  EXPECT_TRUE(AwaitCondition(
      "ScalingActive",
      "False FailedGetResourceMetric: the HPA was unable to compute the replica count: failed to "
      "get cpu utilization: unable to get metrics for resource cpu"));
  EXPECT_TRUE(AwaitCondition("AbleToScale", "True SucceededGetScale"));
  EXPECT_EQ(Replicas(), "2");
  EXPECT_EQ(Get(kAutoscaler).at("status.desiredReplicas"), "2");
}

TEST_F(HorizontalAutoscalerTest, WhatIsScaledToNothingIsLeftAlone) {
  Deploy(0);
  Autoscale(R"("minReplicas":1,"maxReplicas":5)");
  EXPECT_TRUE(AwaitCondition("ScalingActive", "False ScalingDisabled"));
  EXPECT_EQ(Replicas(), "0");
}

TEST_F(HorizontalAutoscalerTest, ATargetThatIsNotThereIsTold) {
  Autoscale(R"("maxReplicas":5)");
  EXPECT_TRUE(AwaitCondition("AbleToScale",
                             "False FailedGetScale: the HPA controller was unable to get the "
                             "target's current scale: deployments.apps \"web\" not found"));
  Deploy(9);
  Pass(15s);
  EXPECT_TRUE(Await([&] { return Replicas() == "5"; })) << Replicas();
}

TEST_F(HorizontalAutoscalerTest, ATargetWithoutAScaleIsTold) {
  Autoscale(R"("maxReplicas":5)", "DaemonSet");
  EXPECT_TRUE(AwaitCondition("AbleToScale", "False FailedGetScale"));
}

}  // namespace
}  // namespace kvplane::controller
