#include "controller/stateful_sets.h"

#include "unit/controller/workload_fixture.h"

namespace kvplane::controller {
namespace {

constexpr char kSets[] = "/apis/apps/v1/namespaces/default/statefulsets";
constexpr char kDb[] = "/apis/apps/v1/namespaces/default/statefulsets/db";
constexpr char kClaims[] = "/api/v1/namespaces/default/persistentvolumeclaims";
constexpr char kRevisions[] = "/apis/apps/v1/namespaces/default/controllerrevisions";

class StatefulSetTest : public WorkloadTest {
 protected:
  StatefulSetTest() { RunAll<StatefulSetController>(); }

  void Create(int replicas, const std::string& spec = "") {
    const Answer created = Post(
        kSets, R"({"kind":"StatefulSet","apiVersion":"apps/v1","metadata":{"name":"db"},"spec":{)"
               R"("serviceName":"db","replicas":)" +
                   std::to_string(replicas) + "," + spec +
                   R"("selector":{"matchLabels":{"app":"db"}},"template":{"metadata":{"labels":{)"
                   R"("app":"db"}},"spec":{"containers":[{"name":"c","image":"db:1"}]}}}})");
    EXPECT_EQ(created.status, 201) << created.body;
  }
  void Change(const std::string& spec) {
    const Answer answer =
        Patch(kDb, "application/strategic-merge-patch+json", R"({"spec":)" + spec + "}");
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  void SetImage(const std::string& image) {
    Change(R"({"template":{"spec":{"containers":[{"name":"c","image":")" + image + R"("}]}}})");
  }
  std::string Image(const std::string& pod) {
    return Get(PodUrl(pod)).at("spec.containers.0.image");
  }
  bool AwaitReady(int replicas) {
    return AwaitWithReadyPods([&] {
      const Answer db = Get(kDb);
      return db.at("status.readyReplicas") == std::to_string(replicas) &&
             db.at("status.replicas") == std::to_string(replicas) &&
             db.at("status.observedGeneration") == db.at("metadata.generation");
    });
  }
  using Strings = std::vector<std::string>;
};

TEST_F(StatefulSetTest, MakesOneAfterTheOtherInOrder) {
  Create(3);
  AwaitPods(1);
  Settle();
  EXPECT_EQ(Names(apiserver::kPods), (Strings{"db-0"}));
  const Answer pod = Get(PodUrl("db-0"));
  EXPECT_EQ(pod.at("spec.hostname"), "db-0");
  EXPECT_EQ(pod.at("spec.subdomain"), "db");
  Become("db-0", "Running", true);
  AwaitPods(2);
  EXPECT_TRUE(AwaitReady(3));
  EXPECT_EQ(Names(apiserver::kPods), (Strings{"db-0", "db-1", "db-2"}));
  EXPECT_TRUE(AwaitEvent("SuccessfulCreate", "create Pod db-2 in StatefulSet db successful"));
  EXPECT_EQ(Get(kDb).at("status.currentRevision"), Get(kDb).at("status.updateRevision"));
}

TEST_F(StatefulSetTest, InParallelAllAtOnceAndFromAStart) {
  Create(3, R"("podManagementPolicy":"Parallel","ordinals":{"start":5},)");
  AwaitPods(3);
  EXPECT_EQ(Names(apiserver::kPods), (Strings{"db-5", "db-6", "db-7"}));
}

TEST_F(StatefulSetTest, ScaledDownTheHighestGoesFirst) {
  Create(3);
  EXPECT_TRUE(AwaitReady(3));
  Become("db-0", "Running", false);
  AwaitAt(kDb, "status.readyReplicas", "2");
  Change(R"({"replicas":1})");
  Settle();
  EXPECT_EQ(Pods().size(), 3U);  // until all that stay are well
  Become("db-0", "Running", true);
  AwaitPods(1);
  EXPECT_EQ(Names(apiserver::kPods), (Strings{"db-0"}));
}

TEST_F(StatefulSetTest, APodThatIsGoneComesBackByItsName) {
  Create(2);
  EXPECT_TRUE(AwaitReady(2));
  const std::string uid = Get(PodUrl("db-0")).at("metadata.uid");
  Ask("DELETE", PodUrl("db-0"));
  EXPECT_TRUE(Await([&] {
    const Answer pod = Get(PodUrl("db-0"));
    return pod.status == 200 && pod.at("metadata.uid") != uid;
  }));
  Become("db-0", "Failed");
  EXPECT_TRUE(AwaitEvent("RecreatingFailedPod", "is recreating failed Pod db-0"));
}

TEST_F(StatefulSetTest, RollsFromTheHighestDownToThePartition) {
  Create(3);
  EXPECT_TRUE(AwaitReady(3));
  Change(R"({"updateStrategy":{"rollingUpdate":{"partition":1}}})");
  SetImage("db:2");
  EXPECT_TRUE(Await([&] { return Image("db-2") == "db:2"; }));
  Settle();
  EXPECT_EQ(Image("db-1"), "db:1");  // until db-2 is well
  EXPECT_TRUE(AwaitWithReadyPods([&] { return Image("db-1") == "db:2"; }));
  EXPECT_TRUE(AwaitReady(3));
  EXPECT_EQ(Image("db-0"), "db:1");
  EXPECT_NE(Get(kDb).at("status.currentRevision"), Get(kDb).at("status.updateRevision"));
  EXPECT_EQ(Get(kDb).at("status.updatedReplicas"), "2");
  // One of before the partition comes back as it was.
  Ask("DELETE", PodUrl("db-0"));
  EXPECT_TRUE(Await([&] { return Image("db-0") == "db:1"; }));
  Change(R"({"updateStrategy":{"rollingUpdate":{"partition":0}}})");
  EXPECT_TRUE(AwaitWithReadyPods([&] { return Image("db-0") == "db:2"; }));
  EXPECT_TRUE(AwaitWithReadyPods([&] {
    const Answer db = Get(kDb);
    return db.at("status.currentRevision") == db.at("status.updateRevision") &&
           db.at("status.currentReplicas") == "3";
  }));
  // The old template again is the newest revision.
  SetImage("db:1");
  EXPECT_TRUE(Await([&] {
    const auto revisions = Items(kRevisions);
    return revisions.size() == 2 && std::max(kinds::Integer(revisions[0], {"revision"}),
                                             kinds::Integer(revisions[1], {"revision"})) == 3;
  }));
}

TEST_F(StatefulSetTest, OnDeleteWaitsForWhoDeletes) {
  Create(1, R"("updateStrategy":{"type":"OnDelete"},)");
  EXPECT_TRUE(AwaitReady(1));
  SetImage("db:2");
  EXPECT_TRUE(Await([&] { return Items(kRevisions).size() == 2; }));
  Settle();
  EXPECT_EQ(Image("db-0"), "db:1");
  Ask("DELETE", PodUrl("db-0"));
  EXPECT_TRUE(Await([&] { return Image("db-0") == "db:2"; }));
}

TEST_F(StatefulSetTest, PodsHaveClaimsOfTheirOwnThatStayOrGoAsToldTo) {
  Create(2, R"("persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete"},)"
            R"("volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":[)"
            R"("ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}],)");
  EXPECT_TRUE(AwaitReady(2));
  // Looking at its claims changes nothing about the set.
  EXPECT_EQ(Get(kDb).at("metadata.generation"), "1");
  EXPECT_EQ(Get(kDb).at("spec.volumeClaimTemplates.0.kind"), "PersistentVolumeClaim");
  EXPECT_EQ(Names(kClaims), (Strings{"data-db-0", "data-db-1"}));
  EXPECT_EQ(Get(PodUrl("db-1")).at("spec.volumes.0.persistentVolumeClaim.claimName"), "data-db-1");
  EXPECT_EQ(Get(std::string(kClaims) + "/data-db-1").at("metadata.ownerReferences"), "(none)");
  const std::string uid = Get(PodUrl("db-1")).at("metadata.uid");
  Change(R"({"replicas":1})");
  AwaitPods(1);
  EXPECT_EQ(Get(std::string(kClaims) + "/data-db-1").at("metadata.ownerReferences.0.uid"), uid);
  EXPECT_EQ(Get(std::string(kClaims) + "/data-db-0").at("metadata.ownerReferences"), "(none)");
}

}  // namespace
}  // namespace kvplane::controller
