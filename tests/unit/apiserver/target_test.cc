#include "apiserver/target.h"

#include <gtest/gtest.h>

#include <string>

namespace kvplane::apiserver {
namespace {

// "group_version namespace resource/subresource+rest name", "-" for what is empty.
std::string Describe(std::string_view path) {
  const auto target = Target::Parse(path);
  if (!target.has_value()) return "nothing";
  const auto dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  return (target->verb.empty() ? "" : target->verb + " ") + target->group_version + " " +
         dash(target->name_space) + " " + target->resource +
         (target->subresource.empty() ? "" : "/" + target->subresource) + target->rest + " " +
         dash(target->name);
}

TEST(Target, PathsNameObjectsCollectionsAndParts) {
  EXPECT_EQ(Describe("/api/v1/pods"), "v1 - pods -");
  EXPECT_EQ(Describe("/apis/apps/v1/namespaces/web/deployments/a/scale"),
            "apps/v1 web deployments/scale a");
  EXPECT_EQ(Describe("//api//v1/nodes/n/"), "v1 - nodes n");
  EXPECT_EQ(Describe("/api/v1/nodes/n/proxy/logs/x"), "v1 - nodes/proxy/logs/x n");
  EXPECT_EQ(Describe("/apis/apps/v1"), "nothing");
  EXPECT_EQ(Describe("/version"), "nothing");
}

TEST(Target, ANamespaceIsAResourceUntilSomethingInItIsNamed) {
  EXPECT_EQ(Describe("/api/v1/namespaces/web"), "v1 - namespaces web");
  EXPECT_EQ(Describe("/api/v1/namespaces/web/finalize"), "v1 - namespaces/finalize web");
  EXPECT_EQ(Describe("/api/v1/namespaces/web/status/x"), "v1 - namespaces/status/x web");
  EXPECT_EQ(Describe("/api/v1/namespaces/web/pods"), "v1 web pods -");
}

TEST(Target, APathMaySayItsVerb) {
  EXPECT_EQ(Describe("/api/v1/watch/namespaces/web/pods"), "watch v1 web pods -");
  EXPECT_EQ(Describe("/api/v1/proxy/nodes/n"), "proxy v1 - nodes n");
}

}  // namespace
}  // namespace kvplane::apiserver
