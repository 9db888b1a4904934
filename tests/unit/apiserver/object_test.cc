#include "unit/apiserver/api_fixture.h"

namespace kvplane::apiserver {
namespace {

class Objects : public ApiTest {};

TEST_F(Objects, AreCreatedWithAnIdentity) {
  const Answer created = Post(kConfigMaps, ConfigMap("a"));
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.at("metadata.namespace"), "default");
  EXPECT_EQ(created.at("metadata.uid").size(), 36u);
  EXPECT_NE(created.at("metadata.resourceVersion"), "(none)");
  EXPECT_EQ(created.at("data.a"), "1");
  const Answer got = Get(std::string(kConfigMaps) + "/a");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.at("metadata.resourceVersion"), created.at("metadata.resourceVersion"));
  EXPECT_EQ(got.at("metadata.uid"), created.at("metadata.uid"));
}

TEST_F(Objects, ExistOnce) {
  Post(kConfigMaps, ConfigMap("a"));
  const Answer again = Post(kConfigMaps, ConfigMap("a"));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.at("reason"), "AlreadyExists");
  EXPECT_EQ(again.at("message"), "configmaps \"a\" already exists");
}

TEST_F(Objects, ThatAreNotThereAreNotFound) {
  const Answer got = Get(std::string(kDeployments) + "/none");
  EXPECT_EQ(got.status, 404);
  EXPECT_EQ(got.at("reason"), "NotFound");
  EXPECT_EQ(got.at("message"), "deployments.apps \"none\" not found");
  EXPECT_EQ(got.at("details.group"), "apps");
}

TEST_F(Objects, LieInNamespacesThatExist) {
  const Answer created = Post("/api/v1/namespaces/none/configmaps", ConfigMap("a"));
  EXPECT_EQ(created.status, 404);
  EXPECT_EQ(created.at("message"), "namespaces \"none\" not found");
}

TEST_F(Objects, AreNotCreatedInNamespacesThatEnd) {
  Post("/api/v1/namespaces", R"({"metadata":{"name":"ending"}})");
  const Answer deleted = Ask("DELETE", "/api/v1/namespaces/ending");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.at("status.phase"), "Terminating");
  const Answer created = Post("/api/v1/namespaces/ending/configmaps", ConfigMap("a"));
  EXPECT_EQ(created.status, 403);
  EXPECT_EQ(created.at("details.causes.0.reason"), "NamespaceTerminating");
  // Once nothing holds it, it goes.
  const Answer finalized = Put("/api/v1/namespaces/ending/finalize",
                               R"({"metadata":{"name":"ending"},"spec":{"finalizers":[]}})");
  EXPECT_EQ(finalized.status, 200) << finalized.body;
  EXPECT_EQ(Get("/api/v1/namespaces/ending").status, 404);
}

TEST_F(Objects, GetTheNamesTheyAskFor) {
  const Answer created = Post(kConfigMaps, R"({"metadata":{"generateName":"x-"}})");
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_TRUE(created.at("metadata.name").starts_with("x-"));
  EXPECT_EQ(created.at("metadata.name").size(), 7u);
}

TEST_F(Objects, HaveNamesThatAreNames) {
  const Answer created = Post(kConfigMaps, ConfigMap("Not_A_Name"));
  EXPECT_EQ(created.status, 422);
  EXPECT_EQ(created.at("reason"), "Invalid");
  EXPECT_EQ(created.at("details.causes.0.field"), "metadata.name");
}

TEST_F(Objects, AreRefusedWhereTheyAreStale) {
  const std::string url = std::string(kConfigMaps) + "/a";
  const Answer created = Post(kConfigMaps, ConfigMap("a"));
  const std::string version =
      R"(,"resourceVersion":")" + created.at("metadata.resourceVersion") + "\"";
  std::string changed = ConfigMap("a", version);
  changed.replace(changed.find("\"1\"}"), 3, "\"2\"");
  EXPECT_EQ(Put(url, changed).status, 200);
  const Answer stale = Put(url, changed);
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.at("reason"), "Conflict");
  EXPECT_EQ(stale.at("message"),
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; "
            "please apply your changes to the latest version and try again");
}

TEST_F(Objects, StayAsTheyAreWhereAWriteChangesNothing) {
  const std::string url = std::string(kConfigMaps) + "/a";
  const Answer created = Post(kConfigMaps, ConfigMap("a"));
  const Answer same = Put(url, ConfigMap("a"));
  EXPECT_EQ(same.status, 200) << same.body;
  EXPECT_EQ(same.at("metadata.resourceVersion"), created.at("metadata.resourceVersion"));
}

TEST_F(Objects, AreOnlyTriedInADryRun) {
  const Answer created = Post(std::string(kConfigMaps) + "?dryRun=All", ConfigMap("a"));
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(Get(std::string(kConfigMaps) + "/a").status, 404);
  EXPECT_EQ(Post(std::string(kConfigMaps) + "?dryRun=Some", ConfigMap("a")).status, 422);
}

TEST_F(Objects, HaveDefaultsAndAGenerationThatGoesUpWithTheSpecification) {
  const std::string url = std::string(kDeployments) + "/web";
  const Answer created = Post(kDeployments, Deployment("web"));
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.at("metadata.generation"), "1");
  EXPECT_EQ(created.at("spec.strategy.rollingUpdate.maxSurge"), "25%");
  EXPECT_EQ(created.at("spec.revisionHistoryLimit"), "10");
  EXPECT_EQ(created.at("spec.template.spec.restartPolicy"), "Always");
  EXPECT_EQ(created.at("spec.template.spec.containers.0.imagePullPolicy"), "IfNotPresent");
  const std::string merge = "application/merge-patch+json";
  EXPECT_EQ(Patch(url, merge, R"({"metadata":{"labels":{"a":"b"}}})").at("metadata.generation"),
            "1");
  EXPECT_EQ(Patch(url, merge, R"({"spec":{"replicas":3}})").at("metadata.generation"), "2");
}

TEST_F(Objects, KeepTheirStatusApart) {
  const std::string url = std::string(kDeployments) + "/web";
  Post(kDeployments, Deployment("web"));
  const std::string merge = "application/merge-patch+json";
  EXPECT_EQ(Patch(url, merge, R"({"status":{"replicas":5}})").at("status.replicas"), "(none)");
  const Answer status =
      Patch(url + "/status", merge, R"({"spec":{"replicas":7},"status":{"replicas":5}})");
  EXPECT_EQ(status.status, 200) << status.body;
  EXPECT_EQ(status.at("status.replicas"), "5");
  EXPECT_EQ(status.at("spec.replicas"), "1");
  EXPECT_EQ(status.at("metadata.generation"), "1");
}

TEST_F(Objects, AreScaled) {
  const std::string url = std::string(kDeployments) + "/web";
  Post(kDeployments, Deployment("web", 2));
  const Answer scale = Get(url + "/scale");
  EXPECT_EQ(scale.at("kind"), "Scale");
  EXPECT_EQ(scale.at("spec.replicas"), "2");
  EXPECT_EQ(scale.at("status.selector"), "app=web");
  const Answer scaled =
      Patch(url + "/scale", "application/merge-patch+json", R"({"spec":{"replicas":4}})");
  EXPECT_EQ(scaled.at("spec.replicas"), "4") << scaled.body;
  EXPECT_EQ(Get(url).at("spec.replicas"), "4");
}

TEST_F(Objects, ArePatchedInEachWay) {
  const std::string url = std::string(kDeployments) + "/web";
  Post(kDeployments, Deployment("web"));
  const Answer json = Patch(url, "application/json-patch+json",
                            R"([{"op":"replace","path":"/spec/replicas","value":2}])");
  EXPECT_EQ(json.at("spec.replicas"), "2") << json.body;
  const Answer strategic =
      Patch(url, "application/strategic-merge-patch+json",
            R"({"spec":{"template":{"spec":{"containers":[{"name":"d","image":"redis"}]}}}})");
  EXPECT_EQ(strategic.at("spec.template.spec.containers.0.name"), "d") << strategic.body;
  EXPECT_EQ(strategic.at("spec.template.spec.containers.1.name"), "c");
  EXPECT_EQ(Patch(url, "text/plain", "{}").status, 415);
}

TEST_F(Objects, AreAppliedByTheServer) {
  const std::string url = std::string(kDeployments) + "/web?fieldManager=";
  const std::string apply = "application/apply-patch+yaml";
  const std::string yaml =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 2\n"
      "  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: "
      "web}\n    spec:\n      containers:\n      - name: c\n        image: nginx\n";
  const Answer created = Patch(url + "one", apply, yaml);
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.at("metadata.managedFields.0.operation"), "Apply");
  std::string other = yaml;
  other.replace(other.find("replicas: 2"), 11, "replicas: 3");
  const Answer conflict = Patch(url + "two", apply, other);
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(conflict.at("details.causes.0.field"), ".spec.replicas");
  const Answer forced = Patch(url + "two&force=true", apply, other);
  EXPECT_EQ(forced.at("spec.replicas"), "3") << forced.body;
}

TEST_F(Objects, AreToldOfFieldsThatTheyDoNotHave) {
  const std::string body =
      R"({"metadata":{"name":"a"},"spec":{"replicaz":1,"selector":{"matchLabels":{"app":"web"}},)"
      R"("template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c",)"
      R"("image":"nginx"}]}}}})";
  const Answer strict = Post(std::string(kDeployments) + "?fieldValidation=Strict", body);
  EXPECT_EQ(strict.status, 400);
  EXPECT_EQ(strict.at("message"),
            "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding "
            "error: unknown field \"spec.replicaz\"");
  const Answer warned = Post(std::string(kDeployments) + "?fieldValidation=Warn", body);
  EXPECT_EQ(warned.status, 201) << warned.body;
  EXPECT_EQ(warned.warning, "299 - \"unknown field \\\"spec.replicaz\\\"\"");
}

TEST_F(Objects, AreValidated) {
  const Answer created = Post(kDeployments, R"({"metadata":{"name":"a"},"spec":{"replicas":-1}})");
  EXPECT_EQ(created.status, 422);
  EXPECT_NE(created.body.find("spec.selector"), std::string::npos) << created.body;
  const Answer wrong = Post(kDeployments, R"({"metadata":{"name":"a"},"spec":{"replicas":"x"}})");
  EXPECT_EQ(wrong.status, 400) << wrong.body;
}

TEST_F(Objects, AreServedByTwoGroups) {
  const std::string core =
      R"({"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p"},"message":"m"})";
  EXPECT_EQ(Post("/api/v1/namespaces/default/events", core).status, 201);
  const Answer other = Get("/apis/events.k8s.io/v1/namespaces/default/events/e");
  EXPECT_EQ(other.status, 200) << other.body;
  EXPECT_EQ(other.at("note"), "m");
  EXPECT_EQ(other.at("regarding.name"), "p");
}

TEST_F(Objects, ComeInYamlAndGoInProtobuf) {
  const Answer created = Ask("POST", kConfigMaps, "metadata:\n  name: y\ndata:\n  k: \"017\"\n",
                             {{"content-type", "application/yaml"}});
  EXPECT_EQ(created.at("data.k"), "017") << created.body;
  const Answer bytes = Get(std::string(kConfigMaps) + "/y", "application/vnd.kubernetes.protobuf");
  EXPECT_EQ(bytes.content_type, "application/vnd.kubernetes.protobuf");
  EXPECT_TRUE(bytes.body.starts_with(std::string("k8s\0", 4)));
  const Answer again = Ask("PUT", std::string(kConfigMaps) + "/y", bytes.body,
                           {{"content-type", "application/vnd.kubernetes.protobuf"}});
  EXPECT_EQ(again.status, 200) << again.body;
}

}  // namespace
}  // namespace kvplane::apiserver
