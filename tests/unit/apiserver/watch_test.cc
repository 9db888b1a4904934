#include "unit/apiserver/api_fixture.h"

namespace kvplane::apiserver {
namespace {

class Watches : public ApiTest {
 protected:
  // "ADDED a", of each line.
  static std::vector<std::string> Brief(const std::vector<std::string>& lines) {
    std::vector<std::string> out;
    for (const std::string& line : lines) {
      const auto event = api::ParseJson(line);
      EXPECT_TRUE(event.ok()) << line;
      if (!event.ok()) continue;
      out.push_back(At(*event, "type") + " " + At(*event, "object.metadata.name"));
    }
    return out;
  }
  using Texts = std::vector<std::string>;
  const std::string url_ = kConfigMaps;
};

TEST_F(Watches, HearOfEveryChangeAfterARevision) {
  const std::string version = Post(kConfigMaps, ConfigMap("a")).at("metadata.resourceVersion");
  Get(kConfigMaps);  // from now on the kind is cached
  Post(kConfigMaps, ConfigMap("b"));
  const auto watch = Start("GET", url_ + "?watch=true&resourceVersion=" + version);
  Patch(url_ + "/b", "application/merge-patch+json", R"({"data":{"z":"1"}})");
  Ask("DELETE", url_ + "/a");
  const auto lines = watch->AwaitLines(3);
  EXPECT_EQ(Brief(lines), (Texts{"ADDED b", "MODIFIED b", "DELETED a"}));
  const auto deleted = api::ParseJson(lines[2]);
  EXPECT_GT(std::stoll(At(*deleted, "object.metadata.resourceVersion")), std::stoll(version));
  watch->Go();
}

TEST_F(Watches, WithoutARevisionBeginWithWhatThereIs) {
  Post(kConfigMaps, ConfigMap("a"));
  const auto watch = Start("GET", url_ + "?watch=1");
  EXPECT_EQ(Brief(watch->AwaitLines(1)), (Texts{"ADDED a"}));
  Post(kConfigMaps, ConfigMap("b"));
  EXPECT_EQ(Brief(watch->AwaitLines(2)), (Texts{"ADDED a", "ADDED b"}));
}

TEST_F(Watches, TellWhereTheInitialEventsEnd) {
  Post(kConfigMaps, ConfigMap("a"));
  const auto watch = Start("GET", url_ +
                                      "?watch=true&sendInitialEvents=true&allowWatchBookmarks=true"
                                      "&resourceVersionMatch=NotOlderThan");
  const auto lines = watch->AwaitLines(2);
  EXPECT_EQ(Brief(lines)[0], "ADDED a");
  const auto bookmark = api::ParseJson(lines[1]);
  EXPECT_EQ(At(*bookmark, "type"), "BOOKMARK");
  EXPECT_EQ(At(json::Value(*bookmark), "object.kind"), "ConfigMap");
  EXPECT_NE(lines[1].find(R"("k8s.io/initial-events-end":"true")"), std::string::npos);
}

TEST_F(Watches, SeeObjectsComeToASelectorAndLeaveIt) {
  const auto watch = Start("GET", url_ + "?watch=true&labelSelector=x=1");
  Post(kConfigMaps, ConfigMap("a"));
  Post(kConfigMaps, ConfigMap("b", R"(,"labels":{"x":"1"})"));
  const std::string merge = "application/merge-patch+json";
  Patch(url_ + "/a", merge, R"({"metadata":{"labels":{"x":"1"}}})");
  Patch(url_ + "/a", merge, R"({"data":{"k":"v"}})");
  Patch(url_ + "/a", merge, R"({"metadata":{"labels":{"x":"2"}}})");
  Ask("DELETE", url_ + "/a");
  Ask("DELETE", url_ + "/b");
  EXPECT_EQ(Brief(watch->AwaitLines(5)),
            (Texts{"ADDED b", "ADDED a", "MODIFIED a", "DELETED a", "DELETED b"}));
}

TEST_F(Watches, EndAfterTheirTime) {
  const auto watch = Start("GET", url_ + "?watch=true&timeoutSeconds=1");
  watch->AwaitEnd();
  EXPECT_EQ(watch->status(), 200);
}

TEST_F(Watches, ThatBeginTooEarlyAreExpired) {
  Post(kConfigMaps, ConfigMap("a"));
  Get(kConfigMaps);
  const auto watch = Start("GET", url_ + "?watch=true&resourceVersion=1");
  watch->AwaitEnd();
  EXPECT_NE(watch->body().find(R"("type":"ERROR")"), std::string::npos) << watch->body();
  EXPECT_NE(watch->body().find(R"("code":410)"), std::string::npos);
}

TEST_F(Watches, OfTablesTellColumnsOnce) {
  Post(kPods, Pod("p"));
  const auto watch = Start("GET", std::string(kPods) + "?watch=true", {},
                           {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}});
  Post(kPods, Pod("q"));
  const auto lines = watch->AwaitLines(2);
  EXPECT_EQ(At(*api::ParseJson(lines[0]), "object.columnDefinitions.0.name"), "Name");
  EXPECT_EQ(At(*api::ParseJson(lines[1]), "object.columnDefinitions"), "null");
  EXPECT_EQ(At(*api::ParseJson(lines[1]), "object.rows.0.cells.0"), "q");
}

TEST_F(Watches, OfManyKindsRunBesideEachOther) {
  std::vector<std::shared_ptr<RecordingResponse>> watches;
  for (int i = 0; i < 50; ++i) watches.push_back(Start("GET", url_ + "?watch=true"));
  for (int i = 0; i < 20; ++i) Post(kConfigMaps, ConfigMap("n" + std::to_string(i)));
  for (const auto& watch : watches) EXPECT_EQ(watch->AwaitLines(20).size(), 20u);
  api_.reset();
  for (const auto& watch : watches) watch->AwaitEnd();
}

}  // namespace
}  // namespace kvplane::apiserver
