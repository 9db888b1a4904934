#include "controller/quota.h"

#include "kinds/members.h"
#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

constexpr char kQuotas[] = "/api/v1/namespaces/default/resourcequotas";

// Config maps count by themselves, pods by what they ask for as long as they run.
QuotaRules Rules() {
  const kinds::Kind& pods = BuiltIn("v1", "pods");
  const kinds::Kind& maps = BuiltIn("v1", "configmaps");
  return {
      .usage_of = [&](const kinds::Kind& kind, const json::Object& object) -> QuotaRules::Amounts {
        if (&kind == &maps) return {{"configmaps", api::Quantity(1)}};
        if (kinds::Text(object, {"status", "phase"}) == "Succeeded") return {};
        return {{"pods", api::Quantity(1)}, {"requests.cpu", *api::Quantity::Parse("500m")}};
      },
      .is_in_scope =
          [](const json::Object& /*quota*/, const kinds::Kind& /*kind*/,
             const json::Object& object) {
            return kinds::Text(object, {"metadata", "labels", "out"}).empty();
          },
      .kind_counted = [&](std::string_view resource, const kinds::Kinds&) -> const kinds::Kind* {
        if (resource == "configmaps") return &maps;
        return resource == "pods" || resource == "requests.cpu" ? &pods : nullptr;
      }};
}

class QuotaTest : public ControllerTest {
 protected:
  QuotaTest() {
    quota_rules_ = Rules();
    Run<QuotaController>();
  }
  void CreateQuota(const std::string& hard) {
    const Answer created = Post(kQuotas, R"({"kind":"ResourceQuota","apiVersion":"v1","metadata":)"
                                         R"({"name":"q"},"spec":{"hard":)" +
                                             hard + "}}");
    EXPECT_EQ(created.status, 201) << created.body;
  }
  bool AwaitUsed(const std::string& wanted) {
    return AwaitAt(std::string(kQuotas) + "/q", "status.used", wanted);
  }
};

TEST_F(QuotaTest, ANewQuotaCountsWhatIsThereAndOnlyWhatItBounds) {
  Post(apiserver::kPods, apiserver::Pod("a"));
  Post(apiserver::kPods, apiserver::Pod("b"));
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("c"));
  CreateQuota(R"({"pods":"5","requests.cpu":"4","widgets.example.com":"1"})");
  EXPECT_TRUE(AwaitUsed(R"({"pods":"2","requests.cpu":"1"})"));
  EXPECT_EQ(Get(std::string(kQuotas) + "/q").at("status.hard"),
            R"({"pods":"5","requests.cpu":"4","widgets.example.com":"1"})");
}

TEST_F(QuotaTest, WhatGoesOrEndsCountsNoMore) {
  for (const char* name : {"a", "b", "c"}) Post(apiserver::kPods, apiserver::Pod(name));
  CreateQuota(R"({"pods":"5"})");
  EXPECT_TRUE(AwaitUsed(R"({"pods":"3"})"));
  Ask("DELETE", std::string(apiserver::kPods) + "/a");
  EXPECT_TRUE(AwaitUsed(R"({"pods":"2"})"));
  Patch(std::string(apiserver::kPods) + "/b/status", "application/merge-patch+json",
        R"({"status":{"phase":"Succeeded"}})");
  EXPECT_TRUE(AwaitUsed(R"({"pods":"1"})"));
}

TEST_F(QuotaTest, AQuotaThatBoundsSomethingElseIsCountedAnew) {
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("c"));
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("d", R"(,"labels":{"out":"of-scope"})"));
  CreateQuota(R"({"pods":"5"})");
  EXPECT_TRUE(AwaitUsed(R"({"pods":"0"})"));
  Patch(std::string(kQuotas) + "/q", "application/merge-patch+json",
        R"({"spec":{"hard":{"pods":null,"configmaps":"3"}}})");
  EXPECT_TRUE(AwaitUsed(R"({"configmaps":"1"})"));
}

}  // namespace
}  // namespace kvplane::controller
