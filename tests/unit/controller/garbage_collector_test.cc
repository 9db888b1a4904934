#include "controller/garbage_collector.h"

#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

class GarbageCollectorTest : public ControllerTest {
 protected:
  GarbageCollectorTest() { Run<GarbageCollector>(); }

  static std::string Url(const std::string& name) {
    return std::string(apiserver::kConfigMaps) + "/" + name;
  }
  std::string Create(const std::string& name, const std::string& more = "") {
    const Answer created = Post(apiserver::kConfigMaps, apiserver::ConfigMap(name, more));
    EXPECT_EQ(created.status, 201) << created.body;
    return created.at("metadata.uid");
  }
  static std::string Reference(const std::string& name, const std::string& uid,
                               bool blocks = false) {
    return R"({"apiVersion":"v1","kind":"ConfigMap","name":")" + name + R"(","uid":")" + uid +
           R"(","blockOwnerDeletion":)" + (blocks ? "true}" : "false}");
  }
  static std::string Owned(const std::string& references, const std::string& more = "") {
    return R"(,"ownerReferences":[)" + references + "]" + more;
  }
  Answer Delete(const std::string& name, const std::string& policy) {
    return Ask("DELETE", Url(name) + "?propagationPolicy=" + policy);
  }
  // What was written so far has been looked at: an object that must go has gone.
  void AwaitLook() {
    const std::string name = "last-" + std::to_string(++looks_);
    Create(name, Owned(Reference("none", "u-" + name)));
    EXPECT_TRUE(AwaitGone(Url(name)));
  }
  bool IsThere(const std::string& name) { return Get(Url(name)).status == 200; }

  int looks_ = 0;
};

constexpr char kHeld[] = R"(,"finalizers":["example.com/hold"])";

TEST_F(GarbageCollectorTest, WhatWasOwnedGoesInTheBackground) {
  const std::string a = Create("a");
  const std::string b = Create("b", Owned(Reference("a", a)));
  Create("c", Owned(Reference("b", b)));
  Create("d");
  Delete("a", "Background");
  EXPECT_FALSE(IsThere("a"));
  EXPECT_TRUE(AwaitGone(Url("b")));
  EXPECT_TRUE(AwaitGone(Url("c")));
  EXPECT_TRUE(IsThere("d"));
}

TEST_F(GarbageCollectorTest, InTheForegroundTheOwnerGoesLast) {
  const std::string a = Create("a");
  Create("b", Owned(Reference("a", a, true), kHeld));
  Create("c", Owned(Reference("a", a, false), kHeld));
  Delete("a", "Foreground");
  EXPECT_TRUE(Await([&] { return Get(Url("b")).at("metadata.deletionTimestamp") != "(none)"; }));
  AwaitLook();
  EXPECT_EQ(Get(Url("a")).at("metadata.finalizers"), R"(["foregroundDeletion"])");
  // What does not block it is not waited for.
  Patch(Url("b"), "application/merge-patch+json", R"({"metadata":{"finalizers":null}})");
  EXPECT_TRUE(AwaitGone(Url("a")));
  EXPECT_TRUE(IsThere("c"));
}

TEST_F(GarbageCollectorTest, InTheForegroundDependentsWaitForTheirOwn) {
  const std::string a = Create("a");
  const std::string b = Create("b", Owned(Reference("a", a, true)));
  Create("c", Owned(Reference("b", b, true), kHeld));
  Delete("a", "Foreground");
  EXPECT_TRUE(Await([&] { return Get(Url("c")).at("metadata.deletionTimestamp") != "(none)"; }));
  AwaitLook();
  EXPECT_TRUE(IsThere("a"));
  EXPECT_EQ(Get(Url("b")).at("metadata.finalizers"), R"(["foregroundDeletion"])");
  Patch(Url("c"), "application/merge-patch+json", R"({"metadata":{"finalizers":null}})");
  EXPECT_TRUE(AwaitGone(Url("a")));
  EXPECT_FALSE(IsThere("b"));
}

TEST_F(GarbageCollectorTest, OrphansForgetTheirOwner) {
  const std::string a = Create("a");
  const std::string x = Create("x");
  Create("b", Owned(Reference("a", a) + "," + Reference("x", x)));
  Create("c", Owned(Reference("a", a)));
  Delete("a", "Orphan");
  EXPECT_TRUE(AwaitGone(Url("a")));
  EXPECT_EQ(Get(Url("c")).at("metadata.ownerReferences"), "(none)");
  EXPECT_EQ(Get(Url("b")).at("metadata.ownerReferences.0.uid"), x);
  EXPECT_EQ(Get(Url("b")).at("metadata.ownerReferences.1"), "(none)");
}

TEST_F(GarbageCollectorTest, OneOwnerOfSeveralKeepsItAndTheOthersAreForgotten) {
  const std::string a = Create("a");
  const std::string b = Create("b");
  Create("c", Owned(Reference("a", a) + "," + Reference("b", b)));
  Delete("a", "Background");
  EXPECT_TRUE(AwaitAt(Url("c"), "metadata.ownerReferences.0.uid", b));
  EXPECT_EQ(Get(Url("c")).at("metadata.ownerReferences.1"), "(none)");
  Delete("b", "Background");
  EXPECT_TRUE(AwaitGone(Url("c")));
}

TEST_F(GarbageCollectorTest, AnOwnerOfTheNameButNotTheUidIsNone) {
  Create("a");
  Create("b", Owned(Reference("a", "another-uid")));
  EXPECT_TRUE(AwaitGone(Url("b")));
}

TEST_F(GarbageCollectorTest, AnOwnerInAnotherNamespaceIsNoneAndAnEventSaysSo) {
  const std::string uid =
      Post("/api/v1/namespaces/kube-public/configmaps", apiserver::ConfigMap("far"))
          .at("metadata.uid");
  Create("b", Owned(Reference("far", uid)));
  EXPECT_TRUE(AwaitGone(Url("b")));
  EXPECT_TRUE(
      AwaitAt("/api/v1/namespaces/default/events", "items.0.reason", "OwnerRefInvalidNamespace"));
}

TEST_F(GarbageCollectorTest, OwnersOfKindsThatNobodyKnowsAreLeftAlone) {
  Create("b", Owned(R"({"apiVersion":"example.com/v1","kind":"Widget","name":"w","uid":"u"})"));
  AwaitLook();
  EXPECT_TRUE(IsThere("b"));
}

TEST_F(GarbageCollectorTest, WhatWasLeftBehindWhileNobodyLedGoesWhenSomebodyDoes) {
  controllers_->Stop();
  controllers_ = nullptr;
  const std::string a = Create("a");
  Create("b", Owned(Reference("a", a)));
  Delete("a", "Background");
  EXPECT_TRUE(IsThere("b"));
  Run<GarbageCollector>();
  EXPECT_TRUE(AwaitGone(Url("b")));
}

TEST_F(GarbageCollectorTest, ACircleDeletedInTheForegroundGoes) {
  const std::string a = Create("a");
  const std::string b = Create("b", Owned(Reference("a", a, true)));
  Patch(Url("a"), "application/merge-patch+json",
        R"({"metadata":{"ownerReferences":[)" + Reference("b", b, true) + "]}}");
  AwaitLook();
  Delete("a", "Foreground");
  EXPECT_TRUE(AwaitGone(Url("a")));
  EXPECT_TRUE(AwaitGone(Url("b")));
}

}  // namespace
}  // namespace kvplane::controller
