#include "unit/apiserver/api_fixture.h"

namespace kvplane::apiserver {
namespace {

class Deletion : public ApiTest {};

TEST_F(Deletion, AnswersSuccess) {
  const Answer created = Post(kConfigMaps, ConfigMap("a"));
  const Answer deleted = Ask("DELETE", std::string(kConfigMaps) + "/a");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.at("status"), "Success");
  EXPECT_EQ(deleted.at("details.uid"), created.at("metadata.uid"));
  EXPECT_EQ(Get(std::string(kConfigMaps) + "/a").status, 404);
}

TEST_F(Deletion, WaitsForFinalizers) {
  const std::string url = std::string(kConfigMaps) + "/a";
  Post(kConfigMaps, ConfigMap("a", R"(,"finalizers":["example.com/hold"])"));
  const Answer marked = Ask("DELETE", url);
  EXPECT_EQ(marked.status, 200);
  EXPECT_NE(marked.at("metadata.deletionTimestamp"), "(none)");
  const std::string merge = "application/merge-patch+json";
  const Answer added =
      Patch(url, merge, R"({"metadata":{"finalizers":["a.b/c","example.com/hold"]}})");
  EXPECT_EQ(added.status, 422) << added.body;
  EXPECT_EQ(Patch(url, merge, R"({"metadata":{"finalizers":null}})").status, 200);
  EXPECT_EQ(Get(url).status, 404);
}

TEST_F(Deletion, PropagatesAsItIsTold) {
  const auto finalizer_of = [&](const std::string& name, const std::string& policy) {
    const std::string url = std::string(kDeployments) + "/" + name;
    Post(kDeployments, Deployment(name));
    std::string body = R"({"propagationPolicy":")";
    body.append(policy).append("\"}");
    const Answer marked = Ask("DELETE", url, std::move(body));
    EXPECT_EQ(Get(url).status, 200);
    return marked.at("metadata.finalizers.0");
  };
  EXPECT_EQ(finalizer_of("f", "Foreground"), "foregroundDeletion");
  EXPECT_EQ(finalizer_of("o", "Orphan"), "orphan");
}

TEST_F(Deletion, HoldsItsPreconditions) {
  Post(kConfigMaps, ConfigMap("a"));
  const Answer refused =
      Ask("DELETE", std::string(kConfigMaps) + "/a", R"({"preconditions":{"uid":"other"}})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(Get(std::string(kConfigMaps) + "/a").status, 200);
}

TEST_F(Deletion, LeavesPodsTheirGrace) {
  const std::string url = std::string(kPods) + "/p";
  Post(kPods, Pod("p"));
  const Answer bound =
      Post(url + "/binding", R"({"metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}})");
  EXPECT_EQ(bound.status, 201) << bound.body;
  EXPECT_EQ(Get(url).at("spec.nodeName"), "n1");
  const Answer marked = Ask("DELETE", url);
  EXPECT_EQ(marked.at("metadata.deletionGracePeriodSeconds"), "30") << marked.body;
  EXPECT_EQ(Get(url).status, 200);
  EXPECT_EQ(Ask("DELETE", url + "?gracePeriodSeconds=0").status, 200);
  EXPECT_EQ(Get(url).status, 404);
  // One that no node runs goes at once.
  Post(kPods, Pod("q"));
  EXPECT_EQ(Ask("DELETE", std::string(kPods) + "/q").status, 200);
  EXPECT_EQ(Get(std::string(kPods) + "/q").status, 404);
}

TEST_F(Deletion, TakesWhatASelectorSelects) {
  Post(kConfigMaps, ConfigMap("a", R"(,"labels":{"x":"1"})"));
  Post(kConfigMaps, ConfigMap("b", R"(,"labels":{"x":"2"})"));
  const Answer deleted = Ask("DELETE", std::string(kConfigMaps) + "?labelSelector=x=1");
  EXPECT_EQ(deleted.status, 200) << deleted.body;
  EXPECT_EQ(Get(std::string(kConfigMaps) + "/a").status, 404);
  EXPECT_EQ(Get(std::string(kConfigMaps) + "/b").status, 200);
}

}  // namespace
}  // namespace kvplane::apiserver
