#include "unit/apiserver/api_fixture.h"

namespace kvplane::apiserver {
namespace {

class Discovering : public ApiTest {};

TEST_F(Discovering, FindsEveryGroup) {
  const Answer groups = Get("/apis");
  EXPECT_EQ(groups.at("kind"), "APIGroupList");
  EXPECT_NE(groups.body.find(R"("groupVersion":"apps/v1")"), std::string::npos);
  EXPECT_EQ(groups.body.find("alpha"), std::string::npos);
  EXPECT_EQ(Get("/apis/autoscaling").at("preferredVersion.version"), "v2");
  EXPECT_EQ(Get("/apis/none").status, 404);
  EXPECT_EQ(Get("/api").at("versions.0"), "v1");
}

TEST_F(Discovering, ListsResourcesOfAVersion) {
  const Answer apps = Get("/apis/apps/v1");
  EXPECT_EQ(apps.at("kind"), "APIResourceList");
  EXPECT_NE(apps.body.find(R"("name":"deployments/scale")"), std::string::npos);
  EXPECT_EQ(Get("/api/v1").at("groupVersion"), "v1");
}

TEST_F(Discovering, ComesAllAtOnce) {
  const Answer all =
      Get("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_EQ(all.at("kind"), "APIGroupDiscoveryList");
  EXPECT_EQ(all.content_type,
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_EQ(all.at("items.0.versions.0.resources.0.scope"), "Cluster");
}

TEST_F(Discovering, DescribesWhatMayBeSent) {
  const Answer index = Get("/openapi/v3");
  const std::string url = index.at("paths.apis/apps/v1.serverRelativeURL");
  ASSERT_TRUE(url.starts_with("/openapi/v3/apis/apps/v1?hash=")) << index.body;
  const Answer document = Get(url);
  const auto parsed = api::ParseJson(document.body);
  ASSERT_TRUE(parsed.ok());
  const json::Object& schemas = parsed->at("components").at("schemas").as_object();
  const json::Object& containers =
      schemas.at("io.k8s.api.core.v1.PodSpec").at("properties").at("containers").as_object();
  EXPECT_EQ(containers.at("x-kubernetes-patch-merge-key"), "name");
  EXPECT_EQ(containers.at("x-kubernetes-list-type"), "map");
  EXPECT_EQ(schemas.at("io.k8s.api.apps.v1.Deployment")
                .at("x-kubernetes-group-version-kind")
                .at(0)
                .at("kind"),
            "Deployment");
  EXPECT_NE(document.body.find("fieldValidation"), std::string::npos);
}

TEST_F(Discovering, TellsTheVersion) {
  const Answer version = Get("/version");
  EXPECT_EQ(version.at("major"), "1");
  EXPECT_EQ(version.at("minor"), "36");
}

}  // namespace
}  // namespace kvplane::apiserver
