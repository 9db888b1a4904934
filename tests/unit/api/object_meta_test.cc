#include "api/object_meta.h"

#include <gtest/gtest.h>

#include "api/group_version.h"
#include "unit/api/document.h"

namespace kvplane::api {
namespace {

TEST(ObjectMeta, ReadsWhatIsThereAndNothingElse) {
  const json::Value document = Document(
      R"({"metadata":{"name":"a","namespace":"n","generation":3,"labels":{"x":"y"},
          "finalizers":["f"],"annotations":[],"uid":1,"deletionGracePeriodSeconds":0}})");
  const ObjectMetaView meta(document.get_object());
  EXPECT_EQ(meta.name(), "a");
  EXPECT_EQ(meta.namespace_name(), "n");
  EXPECT_EQ(meta.uid(), "");
  EXPECT_EQ(meta.generation(), 3);
  EXPECT_EQ(meta.deletion_grace_period_seconds(), 0);
  EXPECT_EQ(meta.labels().size(), 1U);
  EXPECT_TRUE(meta.annotations().empty());
  EXPECT_TRUE(meta.HasFinalizer("f"));
  EXPECT_FALSE(meta.HasFinalizer("g"));
  EXPECT_EQ(ObjectMetaView(json::Object()).name(), "");
}

TEST(ObjectMeta, WritesInPlaceAndLeavesNothingEmptyBehind) {
  json::Object document;
  ObjectMeta meta(document);
  meta.Set("name", "a");
  meta.Set("generation", 1);
  meta.SetEntry("labels", "b", "1");
  meta.SetEntry("labels", "a", "2");
  EXPECT_EQ(ToJson(document),
            R"({"metadata":{"name":"a","generation":1,"labels":{"a":"2","b":"1"}}})");
  meta.Set("name", "");
  meta.Remove("labels");
  document["metadata"].as_object()["finalizers"] = json::Array({"f"});
  EXPECT_FALSE(meta.RemoveFinalizer("g"));
  EXPECT_TRUE(meta.RemoveFinalizer("f"));
  EXPECT_EQ(ToJson(document), R"({"metadata":{"generation":1}})");
  EXPECT_EQ(meta.view().generation(), 1);
}

TEST(GroupVersionKind, IsReadFromDocuments) {
  const json::Value document = Document(R"({"apiVersion":"apps/v1","kind":"Deployment"})");
  const GroupVersionKind gvk = GroupVersionKind::Of(document.get_object());
  EXPECT_EQ(gvk, (GroupVersionKind{"apps", "v1", "Deployment"}));
  EXPECT_EQ(gvk.ApiVersion(), "apps/v1");
  EXPECT_EQ(gvk.ToString(), "apps/v1, Kind=Deployment");
  EXPECT_EQ(GroupVersionKind::Of(Document(R"({"apiVersion":"v1"})").get_object()).ApiVersion(),
            "v1");
  EXPECT_EQ(GroupVersionKind::Of({}), GroupVersionKind());
  EXPECT_EQ(GroupVersion::Parse("a/b/c").status().message(),
            "unexpected GroupVersion string: a/b/c");
}

}  // namespace
}  // namespace kvplane::api
