// LimitRanger and ResourceQuota.
#include <atomic>
#include <thread>

#include "unit/admission/admission_fixture.h"

namespace kvplane::admission {
namespace {

using kinds::Text;

class LimitRange : public AdmissionTest {
 protected:
  void Bound(const std::string& limits) {
    Must("v1 limitranges", R"({"metadata":{"name":"l"},"spec":{"limits":[)" + limits + "]}}");
  }
  static std::string Asking(const std::string& requests, const std::string& limits) {
    return R"(,"resources":{"requests":)" + requests + R"(,"limits":)" + limits + "}";
  }
};

TEST_F(LimitRange, FillsInWhatContainersLeaveOut) {
  Bound(R"({"type":"Container","default":{"cpu":"1","memory":"512Mi"},"defaultRequest":)"
        R"({"cpu":"500m","memory":"256Mi"}})");
  const json::Object pod =
      Must("v1 pods", Pod("p", "", R"(,"resources":{"requests":{"cpu":"100m"}})"));
  const json::Object& container = kinds::FindArray(pod, {"spec", "containers"})->at(0).as_object();
  EXPECT_EQ(
      api::ToJson(*kinds::Find(container, {"resources"})),
      R"({"limits":{"cpu":"1","memory":"512Mi"},"requests":{"cpu":"100m","memory":"256Mi"}})");
  EXPECT_EQ(Text(pod, {"metadata", "annotations", "kubernetes.io/limit-ranger"}),
            "LimitRanger plugin set: memory request for container c; cpu, memory limit for "
            "container c");
  EXPECT_EQ(Text(pod, {"status", "qosClass"}), "Burstable");
}

TEST_F(LimitRange, RefusesWithWhatIsWrong) {
  Bound(R"({"type":"Container","min":{"cpu":"100m"},"max":{"cpu":"1","memory":"1Gi"},)"
        R"("maxLimitRequestRatio":{"cpu":"2"}})");
  const struct {
    std::string requests, limits, message;
  } kCases[] = {
      {R"({"cpu":"50m"})", R"({"cpu":"100m","memory":"1Gi"})",
       "minimum cpu usage per Container is 100m, but request is 50m"},
      {R"({"cpu":"200m"})", R"({"cpu":"400m","memory":"2Gi"})",
       "maximum memory usage per Container is 1Gi, but limit is 2Gi"},
      {R"({"cpu":"100m"})", R"({"cpu":"300m","memory":"1Gi"})",
       "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000"},
      {R"({"cpu":"50m"})", R"({"cpu":"2","memory":"1Gi"})",
       "[minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per "
       "Container is 1, but limit is 2, cpu max limit to request ratio per Container is 2, but "
       "provided ratio is 40.000000]"},
      {R"({"cpu":"200m"})", R"({"cpu":"400m","memory":"1Gi"})", ""}};
  for (const auto& one : kCases) {
    EXPECT_EQ(Refusal("v1 pods", Pod("p", "", Asking(one.requests, one.limits))),
              one.message.empty() ? "" : "pods \"p\" is forbidden: " + one.message);
  }
}

TEST_F(LimitRange, BoundsPodsAndClaims) {
  Bound(R"({"type":"Pod","max":{"cpu":"1"}},{"type":"PersistentVolumeClaim","min":)"
        R"({"storage":"1Gi"},"max":{"storage":"2Gi"}})");
  EXPECT_EQ(
      Refusal("v1 pods", Pod("p",
                             R"(,"initContainers":[{"name":"i","image":"x","resources":{"limits":)"
                             R"({"cpu":"2"}}}])",
                             Asking(R"({"cpu":"1"})", R"({"cpu":"1"})"))),
      "pods \"p\" is forbidden: maximum cpu usage per Pod is 1, but limit is 2");
  const auto claim = [&](const std::string& size) {
    return Refusal("v1 persistentvolumeclaims",
                   R"({"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],)"
                   R"("resources":{"requests":{"storage":")" +
                       size + R"("}}}})");
  };
  EXPECT_EQ(claim("500Mi"),
            "persistentvolumeclaims \"c\" is forbidden: minimum storage usage per "
            "PersistentVolumeClaim is 1Gi, but request is 500Mi");
  EXPECT_EQ(claim("5Gi"),
            "persistentvolumeclaims \"c\" is forbidden: maximum storage usage per "
            "PersistentVolumeClaim is 2Gi, but request is 5Gi");
  EXPECT_EQ(claim("1Gi"), "");
}

class Quota : public AdmissionTest {
 protected:
  void Bound(const std::string& spec) {
    Must("v1 resourcequotas", R"({"metadata":{"name":"q"},"spec":)" + spec + "}");
  }
  std::string Used(const std::string& resource) {
    const json::Object quota = *registry_->Get(Kind("v1 resourcequotas"), "default", "q");
    return std::string(Text(quota, {"status", "used", resource}));
  }
};

TEST_F(Quota, CountsObjectsAndRefusesTheNext) {
  Must("v1 configmaps", R"({"metadata":{"name":"before"}})");
  Bound(R"({"hard":{"configmaps":"2","count/deployments.apps":"0"}})");
  EXPECT_EQ(Refusal("v1 configmaps", R"({"metadata":{"name":"a"}})"), "");
  EXPECT_EQ(Used("configmaps"), "2");
  EXPECT_EQ(Refusal("v1 configmaps", R"({"metadata":{"name":"b"}})"),
            "configmaps \"b\" is forbidden: exceeded quota: q, requested: configmaps=1, used: "
            "configmaps=2, limited: configmaps=2");
  EXPECT_EQ(Refusal("apps/v1 deployments",
                    R"({"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},)"
                    R"("template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[)"
                    R"({"name":"c","image":"x"}]}}}})"),
            "deployments.apps \"d\" is forbidden: exceeded quota: q, requested: "
            "count/deployments.apps=1, used: count/deployments.apps=0, limited: "
            "count/deployments.apps=0");
}

TEST_F(Quota, GivesBackWhatIsDeleted) {
  Bound(R"({"hard":{"configmaps":"1"}})");
  Must("v1 configmaps", R"({"metadata":{"name":"a"}})");
  EXPECT_TRUE(Delete("v1 configmaps", "a").ok());
  EXPECT_EQ(Refusal("v1 configmaps", R"({"metadata":{"name":"b"}})"), "");
  EXPECT_EQ(Used("configmaps"), "1");
}

TEST_F(Quota, AddsUpWhatPodsAskFor) {
  Bound(R"({"hard":{"requests.cpu":"1","limits.memory":"1Gi","pods":"10"}})");
  const auto asking = [](const std::string& name, const std::string& cpu) {
    return Pod(name, "",
               R"(,"resources":{"requests":{"cpu":")" + cpu + R"("},"limits":{"memory":"256Mi"}})");
  };
  EXPECT_EQ(Refusal("v1 pods", Pod("p")),
            "pods \"p\" is forbidden: failed quota: q: must specify limits.memory for: c; "
            "requests.cpu for: c");
  EXPECT_EQ(Refusal("v1 pods", asking("p", "600m")), "");
  EXPECT_EQ(Refusal("v1 pods", asking("r", "600m")),
            "pods \"r\" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: "
            "requests.cpu=600m, limited: requests.cpu=1");
  EXPECT_EQ(Used("limits.memory"), "256Mi");
  EXPECT_EQ(Used("pods"), "1");
}

TEST_F(Quota, LooksAtItsScopesOnly) {
  Bound(R"({"hard":{"pods":"0"},"scopes":["BestEffort"]})");
  EXPECT_EQ(Refusal("v1 pods", Pod("p", "", R"(,"resources":{"requests":{"cpu":"1"}})")), "");
  EXPECT_EQ(Refusal("v1 pods", Pod("r")),
            "pods \"r\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: "
            "pods=0");
}

TEST_F(Quota, IsNotChargedByWhatIsNotDone) {
  Bound(R"({"hard":{"configmaps":"1"}})");
  EXPECT_TRUE(Create("v1 configmaps", R"({"metadata":{"name":"a"}})", /*dry_run=*/true).ok());
  EXPECT_EQ(Used("configmaps"), "");
  EXPECT_NE(Refusal("v1 configmaps", R"({"metadata":{"name":"Not_A_Name"}})"), "");
  EXPECT_EQ(Used("configmaps"), "");
}

TEST_F(Quota, IsNeverExceededByManyAtOnce) {
  Bound(R"({"hard":{"configmaps":"10"}})");
  // A second registry with caches of its own, as another server has.
  auto other = *registry::Registry::Open(*store_, {});
  const auto chain = MakeChain(*other, authorizer_, *client_);
  other->SetAdmission(chain.get());
  std::atomic<int> created{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    registry::Registry& registry = i % 2 == 0 ? *registry_ : *other;
    threads.emplace_back([&registry, &created, i] {
      for (int j = 0; j < 6; ++j) {
        const std::string name = "m" + std::to_string(i) + "-" + std::to_string(j);
        const json::Object object{{"apiVersion", "v1"},
                                  {"kind", "ConfigMap"},
                                  {"metadata", json::Object{{"name", json::ToBoost(name)}}}};
        if (registry.Create(Kind("v1 configmaps"), "default", object, {}).ok()) ++created;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created, 10);
  EXPECT_EQ(Used("configmaps"), "10");
  EXPECT_EQ(registry_->CacheOf(Kind("v1 configmaps"))
                .List("/registry/configmaps/default/", *registry_->CurrentRevision())
                ->objects.size(),
            10u);
}

TEST_F(Quota, CountsNodePortsAndStorage) {
  Bound(R"({"hard":{"services.nodeports":"1","requests.storage":"1Gi"}})");
  EXPECT_EQ(
      Refusal("v1 services", R"({"metadata":{"name":"s"},"spec":{"type":"NodePort","ports":)"
                             R"([{"port":80,"name":"a"},{"port":81,"name":"b"}]}})"),
      "services \"s\" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: "
      "services.nodeports=0, limited: services.nodeports=1");
  EXPECT_EQ(Refusal("v1 persistentvolumeclaims",
                    R"({"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],)"
                    R"("resources":{"requests":{"storage":"2Gi"}}}})"),
            "persistentvolumeclaims \"c\" is forbidden: exceeded quota: q, requested: "
            "requests.storage=2Gi, used: requests.storage=0, limited: requests.storage=1Gi");
}

}  // namespace
}  // namespace kvplane::admission
