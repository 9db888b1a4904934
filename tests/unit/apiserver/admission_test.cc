// What admission sees of each verb, and what becomes of its answer.
#include "registry/admission.h"

#include <string>
#include <vector>

#include "registry/failure.h"
#include "registry/registry.h"
#include "unit/apiserver/api_fixture.h"

namespace kvplane::apiserver {
namespace {

// Writes down what it is asked: "CREATE pods/eviction web dry-run".
class Recording : public registry::Admission {
 public:
  bool Handles(const registry::Attributes& /*attributes*/) const override { return true; }
  absl::Status Mutate(registry::Attributes& attributes) override {
    std::string asked(NameOf(attributes.operation));
    asked.append(" ").append(attributes.kind->plural);
    if (!attributes.subresource.empty()) asked.append("/").append(attributes.subresource);
    asked.append(" ").append(attributes.name);
    if (attributes.dry_run) asked += " dry-run";
    asked_.push_back(asked);
    object_ = attributes.object() == nullptr ? "none" : api::ToJson(*attributes.object());
    old_ = attributes.old != nullptr;
    if (!label_.empty() && attributes.object() != nullptr) {
      attributes.Edit()["metadata"].as_object()["labels"] = json::Object{{"label", label_}};
    }
    return absl::OkStatus();
  }
  absl::Status Validate(const registry::Attributes& attributes) override {
    attributes.Warn("careful");
    return refusal_.empty() ? absl::OkStatus() : registry::Refuse(attributes, refusal_);
  }
  absl::Status Charge(const registry::Attributes& /*attributes*/,
                      kvshim::TxnRequest& /*request*/) override {
    ++charged_;
    return absl::OkStatus();
  }

  std::vector<std::string> Asked() { return std::exchange(asked_, {}); }

  std::string label_;
  std::string refusal_;
  std::string object_;
  bool old_ = false;
  int charged_ = 0;

 private:
  std::vector<std::string> asked_;
};

class AdmissionOfTheApi : public ApiTest {
 protected:
  AdmissionOfTheApi() { api_->registry().SetAdmission(&admission_); }
  ~AdmissionOfTheApi() override { api_->registry().SetAdmission(nullptr); }

  using Asked = std::vector<std::string>;
  Recording admission_;
};

TEST_F(AdmissionOfTheApi, SeesEveryVerb) {
  const std::string one = std::string(kConfigMaps) + "/a";
  EXPECT_EQ(Post(kConfigMaps, ConfigMap("a")).status, 201);
  EXPECT_EQ(admission_.Asked(), Asked{"CREATE configmaps a"});
  EXPECT_FALSE(admission_.old_);
  EXPECT_EQ(Put(one, ConfigMap("a")).status, 200);
  EXPECT_EQ(admission_.Asked(), Asked{"UPDATE configmaps a"});
  EXPECT_TRUE(admission_.old_);
  EXPECT_EQ(Patch(one, "application/merge-patch+json", R"({"data":{"b":"c"}})").status, 200);
  EXPECT_EQ(admission_.Asked(), Asked{"UPDATE configmaps a"});
  EXPECT_EQ(
      Patch(one + "?fieldManager=m&dryRun=All", "application/apply-patch+yaml", ConfigMap("a"))
          .status,
      200);
  EXPECT_EQ(admission_.Asked(), Asked{"UPDATE configmaps a dry-run"});
  EXPECT_EQ(Patch(std::string(kConfigMaps) + "/new?fieldManager=m", "application/apply-patch+yaml",
                  ConfigMap("new"))
                .status,
            201);
  EXPECT_EQ(admission_.Asked(), Asked{"CREATE configmaps new"});
  EXPECT_EQ(Ask("DELETE", one + "?dryRun=All").status, 200);
  EXPECT_EQ(admission_.Asked(), Asked{"DELETE configmaps a dry-run"});
  EXPECT_EQ(admission_.object_, "none");
  EXPECT_EQ(Ask("DELETE", kConfigMaps).status, 200);
  EXPECT_EQ(admission_.Asked(), (Asked{"DELETE configmaps a", "DELETE configmaps new"}));
}

TEST_F(AdmissionOfTheApi, SeesSubresourcesAsTheyAreSent) {
  const std::string pod = std::string(kPods) + "/p";
  Post(kPods, Pod("p"));
  admission_.Asked();
  EXPECT_EQ(Post(pod + "/binding", R"({"target":{"kind":"Node","name":"n1"}})").status, 201);
  EXPECT_EQ(admission_.Asked(), Asked{"CREATE pods/binding p"});
  EXPECT_NE(admission_.object_.find(R"("kind":"Binding")"), std::string::npos);
  Patch(pod + "/status", "application/merge-patch+json", R"({"status":{"phase":"Running"}})");
  EXPECT_EQ(admission_.Asked(), Asked{"UPDATE pods/status p"});
  EXPECT_EQ(Post(pod + "/eviction", R"({"metadata":{"name":"p"}})").status, 201);
  EXPECT_EQ(admission_.Asked(), Asked{"CREATE pods/eviction p"});
  Post(pod + "/exec?command=ls&command=-l&stdin=true", "");
  EXPECT_EQ(admission_.Asked(), Asked{"CONNECT pods/exec p"});
  EXPECT_EQ(admission_.object_,
            R"({"kind":"PodExecOptions","apiVersion":"v1","command":["ls","-l"],)"
            R"("stdin":true})");
  Post(kDeployments, Deployment("d"));
  admission_.Asked();
  EXPECT_EQ(Patch(std::string(kDeployments) + "/d/scale", "application/merge-patch+json",
                  R"({"spec":{"replicas":3}})")
                .status,
            200);
  EXPECT_EQ(admission_.Asked(), Asked{"UPDATE deployments/scale d"});
}

TEST_F(AdmissionOfTheApi, ChangesWhatIsWrittenAndWarns) {
  admission_.label_ = "set";
  const Answer created = Post(kConfigMaps, ConfigMap("a"));
  EXPECT_EQ(created.at("metadata.labels.label"), "set");
  EXPECT_EQ(created.warning, "299 - \"careful\"");
  EXPECT_EQ(Get(std::string(kConfigMaps) + "/a").at("metadata.labels.label"), "set");
  // Nobody who wrote it owns it.
  EXPECT_EQ(api::ToJson(created.object()).find("f:labels"), std::string::npos);
  EXPECT_EQ(admission_.charged_, 1);
}

TEST_F(AdmissionOfTheApi, RefusesBeforeAnythingIsWritten) {
  admission_.refusal_ = "no reason";
  const Answer refused = Post(kConfigMaps, ConfigMap("a"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.at("message"), "configmaps \"a\" is forbidden: no reason");
  EXPECT_EQ(Get(std::string(kConfigMaps) + "/a").status, 404);
  EXPECT_EQ(admission_.charged_, 0);
  // What is not valid is told first.
  EXPECT_EQ(Post(kConfigMaps, ConfigMap("Not_A_Name")).status, 422);
}

}  // namespace
}  // namespace kvplane::apiserver
