#include <chrono>
#include <thread>

#include "apiserver/gzip.h"
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

TEST_F(Discovering, ToldOnceIsNotToldAgain) {
  for (const std::string url : {"/openapi/v2", "/openapi/v3/apis/apps/v1"}) {
    const auto first = Start("GET", url);
    first->AwaitEnd();
    const std::string tag = first->header("etag");
    ASSERT_EQ(tag.size(), 18u) << tag;
    const auto again = Start("GET", url, "", {{"if-none-match", "\"other\", " + tag}});
    again->AwaitEnd();
    EXPECT_EQ(again->status(), 304);
    EXPECT_EQ(again->body(), "");
    EXPECT_EQ(again->header("etag"), tag);
    const auto other = Start("GET", url, "", {{"if-none-match", "\"other\""}});
    other->AwaitEnd();
    EXPECT_EQ(other->status(), 200);
    EXPECT_EQ(other->body(), first->body());
  }
}

TEST_F(Discovering, ComesCompressedAsItIsKept) {
  for (const std::string url : {"/openapi/v2", "/openapi/v3/api/v1"}) {
    const auto plain = Start("GET", url);
    plain->AwaitEnd();
    EXPECT_EQ(plain->header("content-encoding"), "");
    const auto packed = Start("GET", url, "", {{"accept-encoding", "gzip"}});
    packed->AwaitEnd();
    EXPECT_EQ(packed->header("content-encoding"), "gzip");
    EXPECT_LT(packed->body().size() * 5, plain->body().size());
    EXPECT_EQ(*Gunzip(packed->body(), 100 << 20), plain->body());
  }
}

TEST_F(Discovering, OtherFormsAndDefinitionsAreOtherDocuments) {
  const auto tag = [&](const std::string& accept) {
    const auto response = Start("GET", "/openapi/v2", "", {{"accept", accept}});
    response->AwaitEnd();
    return response->header("etag");
  };
  const std::string json = tag("application/json");
  EXPECT_NE(json, tag("application/com.github.proto-openapi.spec.v2.v1.0+protobuf"));
  EXPECT_EQ(json, tag("application/json"));
  ASSERT_EQ(Post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", R"({
    "metadata": {"name": "boats.example.org"},
    "spec": {"group": "example.org", "scope": "Namespaced",
             "names": {"plural": "boats", "singular": "boat", "kind": "Boat"},
             "versions": [{"name": "v1", "served": true, "storage": true,
                           "schema": {"openAPIV3Schema": {"type": "object"}}}]}})")
                .status,
            201);
  for (int i = 0; i < 2000 && Get("/apis/example.org/v1").status != 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_NE(json, tag("application/json"));
  EXPECT_NE(Get("/openapi/v2").body.find("org.example.v1.Boat"), std::string::npos);
}

TEST_F(Discovering, TellsTheVersion) {
  const Answer version = Get("/version");
  EXPECT_EQ(version.at("major"), "1");
  EXPECT_EQ(version.at("minor"), "36");
}

}  // namespace
}  // namespace kvplane::apiserver
