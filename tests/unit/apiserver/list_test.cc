#include "unit/apiserver/api_fixture.h"

namespace kvplane::apiserver {
namespace {

class Lists : public ApiTest {
 protected:
  void MakeFive() {
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      revision_ = Post(kConfigMaps, ConfigMap(name)).at("metadata.resourceVersion");
    }
  }
  static size_t Count(const Answer& answer) {
    const json::Object object = answer.object();
    const json::Value* items = json::Find(object, "items");
    return items == nullptr ? 0 : items->as_array().size();
  }
  std::string revision_;
};

TEST_F(Lists, ShowWhatWasWrittenBefore) {
  MakeFive();
  for (int i = 0; i < 20; ++i) {
    const std::string name = "x" + std::to_string(i);
    Post(kConfigMaps, ConfigMap(name));
    const Answer list = Get(kConfigMaps);
    EXPECT_EQ(Count(list), 6u + static_cast<size_t>(i));
    EXPECT_EQ(list.at("kind"), "ConfigMapList");
  }
}

TEST_F(Lists, ComeInPagesOfOneRevision) {
  MakeFive();
  Answer page = Get(std::string(kConfigMaps) + "?limit=2");
  EXPECT_EQ(Count(page), 2u);
  EXPECT_EQ(page.at("metadata.remainingItemCount"), "3");
  const std::string version = page.at("metadata.resourceVersion");
  Post(kConfigMaps, ConfigMap("bb"));
  page = Get(std::string(kConfigMaps) + "?limit=2&continue=" + page.at("metadata.continue"));
  EXPECT_EQ(Count(page), 2u) << page.body;
  EXPECT_EQ(page.at("items.0.metadata.name"), "c");
  EXPECT_EQ(page.at("metadata.resourceVersion"), version);
  page = Get(std::string(kConfigMaps) + "?limit=2&continue=" + page.at("metadata.continue"));
  EXPECT_EQ(Count(page), 1u);
  EXPECT_EQ(page.at("metadata.continue"), "(none)");
}

TEST_F(Lists, OfACompactedRevisionAreExpired) {
  MakeFive();
  const Answer page = Get(std::string(kConfigMaps) + "?limit=2");
  const Answer last = Post(kConfigMaps, ConfigMap("f"));
  ASSERT_TRUE(store_->Compact({.revision = std::stoll(last.at("metadata.resourceVersion"))}).ok());
  const Answer next =
      Get(std::string(kConfigMaps) + "?limit=2&continue=" + page.at("metadata.continue"));
  EXPECT_EQ(next.status, 410) << next.body;
  EXPECT_EQ(next.at("reason"), "Expired");

  // The rest as it is now: what came and went meanwhile shows.
  Post(kConfigMaps, ConfigMap("g"));
  Ask("DELETE", std::string(kConfigMaps) + "/d");
  const std::string token = next.at("metadata.continue");
  Answer rest = Get(std::string(kConfigMaps) + "?limit=2&continue=" + token);
  ASSERT_EQ(rest.status, 200) << rest.body;
  EXPECT_EQ(rest.at("items.0.metadata.name"), "c");
  EXPECT_EQ(rest.at("items.1.metadata.name"), "e");
  rest = Get(std::string(kConfigMaps) + "?limit=2&continue=" + rest.at("metadata.continue"));
  EXPECT_EQ(rest.at("items.0.metadata.name"), "f");
  EXPECT_EQ(rest.at("items.1.metadata.name"), "g");
  EXPECT_EQ(rest.at("metadata.continue"), "(none)");
}

TEST_F(Lists, OfAnExactRevisionShowWhatWasThen) {
  MakeFive();
  Ask("DELETE", std::string(kConfigMaps) + "/a");
  const std::string exact = "?resourceVersionMatch=Exact&resourceVersion=" + revision_;
  EXPECT_EQ(Count(Get(std::string(kConfigMaps) + exact)), 5u);
  EXPECT_EQ(Count(Get(kConfigMaps)), 4u);
  EXPECT_EQ(Count(Get(std::string(kConfigMaps) + "?resourceVersion=0")), 4u);
  EXPECT_EQ(Get(std::string(kConfigMaps) + "?resourceVersionMatch=Exact").status, 422);
}

TEST_F(Lists, OfARevisionThatIsNotThereYetTimeOut) {
  MakeFive();
  const Answer list = Get(std::string(kConfigMaps) + "?resourceVersion=1000000");
  EXPECT_EQ(list.status, 504) << list.body;
  EXPECT_EQ(list.at("details.causes.0.reason"), "ResourceVersionTooLarge");
}

TEST_F(Lists, AreSelected) {
  Post(kPods, Pod("p"));
  Post(kPods, Pod("q"));
  const std::string pods = "/api/v1/pods";
  EXPECT_EQ(Count(Get(pods + "?fieldSelector=metadata.name=p")), 1u);
  EXPECT_EQ(Count(Get(pods + "?fieldSelector=metadata.name!=p,status.phase=Pending")), 1u);
  EXPECT_EQ(Count(Get(pods + "?fieldSelector=spec.nodeName=")), 2u);
  EXPECT_EQ(Count(Get(pods + "?labelSelector=app in (web,db)")), 2u);
  EXPECT_EQ(Count(Get(pods + "?labelSelector=app notin (web)")), 0u);
  EXPECT_EQ(Count(Get(pods + "?labelSelector=!app")), 0u);
  EXPECT_EQ(Count(Get(pods + "?labelSelector=app,app=web")), 2u);
  EXPECT_EQ(Get(pods + "?labelSelector=app in").status, 400);
  EXPECT_EQ(Get(pods + "?fieldSelector=spec.none=1").status, 400);
}

TEST_F(Lists, OfEventsAreSelectedByWhatTheyAreOf) {
  const std::string events = "/api/v1/namespaces/default/events";
  Post(events, R"({"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p"}})");
  Post(events, R"({"metadata":{"name":"f"},"involvedObject":{"kind":"Pod","name":"q"}})");
  EXPECT_EQ(Count(Get(events + "?fieldSelector=involvedObject.name=p,involvedObject.kind=Pod")),
            1u);
  EXPECT_EQ(Count(Get("/apis/events.k8s.io/v1/events?fieldSelector=regarding.name=q")), 1u);
}

TEST_F(Lists, AreTablesForPeople) {
  Post(kPods, Pod("p"));
  const std::string as_table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  const Answer table = Get(kPods, as_table);
  EXPECT_EQ(table.at("kind"), "Table");
  EXPECT_EQ(table.at("columnDefinitions.1.name"), "Ready");
  EXPECT_EQ(table.at("rows.0.cells.0"), "p");
  EXPECT_EQ(table.at("rows.0.cells.1"), "0/1");
  EXPECT_EQ(table.at("rows.0.cells.2"), "Pending");
  EXPECT_EQ(table.at("rows.0.object.kind"), "PartialObjectMetadata");
  const Answer one = Get(std::string(kPods) + "/p", as_table);
  EXPECT_EQ(one.at("rows.0.cells.0"), "p");
}

TEST_F(Lists, AreMetadataForThoseWhoCount) {
  Post(kPods, Pod("p"));
  const Answer list =
      Get(kPods, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  EXPECT_EQ(list.at("kind"), "PartialObjectMetadataList");
  EXPECT_EQ(list.at("items.0.metadata.name"), "p");
  EXPECT_EQ(list.at("items.0.spec"), "(none)");
}

}  // namespace
}  // namespace kvplane::apiserver
