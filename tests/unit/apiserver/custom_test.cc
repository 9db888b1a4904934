// Custom resources over the API.
#include <thread>

#include "registry/registry.h"
#include "unit/apiserver/api_fixture.h"

namespace kvplane::apiserver {
namespace {

constexpr char kDefinitions[] = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
constexpr char kThings[] = "/apis/example.com/v1/namespaces/default/things";
constexpr char kThingsOfSecond[] = "/apis/example.com/v2/namespaces/default/things";

std::string Thing(const std::string& name, const std::string& spec = R"({"n":1})") {
  return R"({"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":")" + name +
         R"("},"spec":)" + spec + "}";
}

class CustomResources : public ApiTest {
 protected:
  static std::string Version(const std::string& name, bool stores, const std::string& spec) {
    return R"({"name":")" + name + R"(","served":true,"storage":)" + (stores ? "true" : "false") +
           R"(,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":)" +
           R"({"spec":{"type":"object","properties":)" + spec +
           R"(},"status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}})";
  }
  static std::string Definition(const std::string& versions, const std::string& metadata = "") {
    return R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{)" +
           metadata + R"("name":"things.example.com"},"spec":{"group":"example.com","scope":)" +
           R"("Namespaced","names":{"plural":"things","kind":"Thing","shortNames":["th"]},"versions":[)" +
           versions + "]}}";
  }
  static std::string First() {
    return Version("v1", true, R"({"n":{"type":"integer","default":3},"s":{"type":"string"}})");
  }

  // Waits until the kinds that are served are as `wanted` says.
  void Await(const std::function<bool(const kinds::Kinds& kinds)>& wanted) {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    const auto look = [&](const kinds::Kinds& now) {
      std::lock_guard lock(mutex);
      done = wanted(now);
      changed.notify_all();
    };
    const auto listening = api_->registry().ListenToKinds(look);
    look(*api_->registry().kinds());
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return done; }));
  }

  void Define(const std::string& versions) {
    const Answer answer = Post(kDefinitions, Definition(versions));
    ASSERT_EQ(answer.status, 201) << answer.body;
    Await([](const kinds::Kinds& kinds) {
      return kinds.Find("example.com/v1", "things") != nullptr;
    });
  }

  void Redefine(const std::string& versions) {
    const auto before = api_->registry().kinds();
    const std::string url = std::string(kDefinitions) + "/things.example.com";
    const std::string version = Get(url).at("metadata.resourceVersion");
    const Answer answer =
        Put(url, Definition(versions, R"("resourceVersion":")" + version + R"(",)"));
    ASSERT_EQ(answer.status, 200) << answer.body;
    Await([&](const kinds::Kinds& kinds) { return &kinds != before.get(); });
  }
};

TEST_F(CustomResources, AreServedOnceTheirDefinitionIsEstablished) {
  EXPECT_EQ(Get(kThings).status, 404);
  Define(First());
  const Answer created = Post(kThings, Thing("a", R"({"s":"x"})"));
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.at("spec.n"), "3");
  EXPECT_EQ(created.at("metadata.generation"), "1");
  EXPECT_EQ(Get(kThings).at("kind"), "ThingList");
  EXPECT_EQ(Get(kThings).at("items.0.spec.s"), "x");
  EXPECT_EQ(Get("/apis/example.com/v1").at("resources.0.kind"), "Thing");
  EXPECT_EQ(Get("/apis/example.com").at("preferredVersion.version"), "v1");
  const Answer all =
      Get("/apis", "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io");
  EXPECT_NE(all.body.find(R"("shortNames":["th"])"), std::string::npos);
}

TEST_F(CustomResources, ArePrunedWithAWarningOrRefused) {
  Define(First());
  const Answer warned = Post(kThings, Thing("a", R"({"n":1,"z":2})"));
  EXPECT_EQ(warned.status, 201);
  EXPECT_EQ(warned.warning, R"(299 - "unknown field \"spec.z\"")");
  EXPECT_EQ(warned.at("spec.z"), "(none)");
  const Answer strict =
      Post(std::string(kThings) + "?fieldValidation=Strict", Thing("b", R"({"n":1,"n":2,"z":2})"));
  EXPECT_EQ(strict.status, 400);
  EXPECT_EQ(strict.at("message"),
            R"(Thing in version "v1" cannot be handled as a Thing: strict decoding error: )"
            R"(duplicate field "spec.n", unknown field "spec.z")");
  const Answer invalid = Post(kThings, Thing("c", R"({"n":"x"})"));
  EXPECT_EQ(invalid.status, 422);
  EXPECT_EQ(invalid.at("message"),
            R"(Thing.example.com "c" is invalid: spec.n: Invalid value: "string": spec.n in body )"
            R"(must be of type integer: "string")");
  EXPECT_EQ(invalid.at("details.causes.0.reason"), "FieldValueTypeInvalid");
}

TEST_F(CustomResources, AreWrittenOnlyAsTheyWereRead) {
  Define(First());
  const Answer created = Post(kThings, Thing("a"));
  const std::string url = std::string(kThings) + "/a";
  const Answer blind = Put(url, Thing("a", R"({"n":2})"));
  EXPECT_EQ(blind.status, 422);
  EXPECT_NE(blind.body.find("metadata.resourceVersion: Invalid value: 0x0: must be specified for "
                            "an update"),
            std::string::npos);
  json::Object object = created.object();
  object["spec"] = json::Object{{"n", 2}};
  object["status"] = json::Object{{"x", 1}};
  const Answer updated = Put(url, api::ToJson(json::Value(object)));
  EXPECT_EQ(updated.status, 200) << updated.body;
  EXPECT_EQ(updated.at("metadata.generation"), "2");
  EXPECT_EQ(updated.at("status"), "(none)");
  const Answer status = Patch(url + "/status", "application/merge-patch+json",
                              R"({"spec":{"n":9},"status":{"x":1}})");
  EXPECT_EQ(status.at("spec.n"), "2");
  EXPECT_EQ(status.at("status.x"), "1");
  EXPECT_EQ(status.at("metadata.generation"), "2");
  EXPECT_EQ(Patch(url, "application/strategic-merge-patch+json", "{}").status, 415);
}

TEST_F(CustomResources, ComeInJsonWhereProtobufIsPreferred) {
  Define(First());
  Post(kThings, Thing("a"));
  const Answer answer = Get(kThings, "application/vnd.kubernetes.protobuf,application/json");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(Get(kThings, "application/vnd.kubernetes.protobuf").status, 406);
}

TEST_F(CustomResources, AreTheSameInEveryVersion) {
  Define(First() + "," +
         Version("v2", false, R"({"n":{"type":"integer"},"t":{"type":"string","default":"d"}})"));
  Post(kThings, Thing("a", R"({"n":1,"s":"x"})"));
  const Answer second = Get(std::string(kThingsOfSecond) + "/a");
  EXPECT_EQ(second.at("apiVersion"), "example.com/v2");
  EXPECT_EQ(second.at("spec.t"), "d");
  EXPECT_EQ(second.at("spec.s"), "(none)");
  EXPECT_EQ(Get(kThingsOfSecond).at("items.0.apiVersion"), "example.com/v2");
  EXPECT_EQ(Get("/apis/example.com").at("preferredVersion.version"), "v2");
}

TEST_F(CustomResources, EndTheirWatchesWhereTheirSchemaChanges) {
  Define(First());
  Post(kThings, Thing("a"));
  const auto watch = Start("GET", std::string(kThings) + "?watch=true");
  watch->AwaitLines(1);
  Redefine(
      Version("v1", true, R"({"n":{"type":"integer"},"more":{"type":"string","default":"m"}})"));
  watch->AwaitEnd();
  EXPECT_EQ(Get(kThings).at("items.0.spec.more"), "m");
}

TEST_F(CustomResources, GoWithTheirDefinition) {
  Define(First());
  Post(kThings, Thing("a"));
  Get(kThings);
  const auto watch = Start("GET", std::string(kThings) + "?watch=true");
  watch->AwaitLines(1);
  const Answer deleted = Ask("DELETE", std::string(kDefinitions) + "/things.example.com");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.at("metadata.finalizers.0"), "customresourcecleanup.apiextensions.k8s.io");
  watch->AwaitEnd();
  EXPECT_NE(watch->body().find(R"({"type":"DELETED")"), std::string::npos);
  Await(
      [](const kinds::Kinds& kinds) { return kinds.Find("example.com/v1", "things") == nullptr; });
  EXPECT_EQ(Get(kThings).status, 404);
  Define(First());
  EXPECT_EQ(Get(kThings).at("items"), "[]");
}

TEST_F(CustomResources, AreToldOfInOpenapi) {
  Define(First());
  const Answer third = Get("/openapi/v3/apis/example.com/v1");
  EXPECT_EQ(third.status, 200);
  const json::Object document = third.object();
  const json::Object& thing =
      document.at("components").at("schemas").at("com.example.v1.Thing").as_object();
  EXPECT_EQ(thing.at("properties").at("spec").at("properties").at("n").at("type"), "integer");
  EXPECT_EQ(thing.at("x-kubernetes-group-version-kind").at(0).at("kind"), "Thing");
  EXPECT_TRUE(document.at("paths").as_object().contains(
      "/apis/example.com/v1/namespaces/{namespace}/things/{name}/status"));
  const json::Object second = Get("/openapi/v2").object();
  EXPECT_TRUE(second.at("definitions").as_object().contains("com.example.v1.Thing"));
  EXPECT_TRUE(second.at("definitions").as_object().contains("io.k8s.api.core.v1.Pod"));
  const Answer bytes =
      Get("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
  EXPECT_EQ(bytes.content_type, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  // Field 1, a text: "2.0".
  EXPECT_EQ(bytes.body.substr(0, 5),
            "\x0a\x03"
            "2.0");
}

}  // namespace
}  // namespace kvplane::apiserver
