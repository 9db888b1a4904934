#include "apiserver/request_info.h"

#include <gtest/gtest.h>

#include <string>

namespace kvplane::apiserver {
namespace {

// "verb group/version namespace resource/subresource name", "-" for what is empty.
std::string Describe(const std::string& method, const std::string& path, Pairs query = {}) {
  const Request request{.method = method, .path = path, .query = std::move(query)};
  const RequestInfo info = RequestInfo::Of(request);
  if (!info.is_resource) return info.verb + " path " + info.path;
  const auto dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  return info.verb + " " + dash(info.group) + "/" + info.version + " " + dash(info.ns) + " " +
         info.resource + (info.subresource.empty() ? "" : "/" + info.subresource) + " " +
         dash(info.name);
}

TEST(RequestInfo, VerbsFollowFromMethodAndTarget) {
  EXPECT_EQ(Describe("GET", "/api/v1/namespaces/web/pods"), "list -/v1 web pods -");
  EXPECT_EQ(Describe("GET", "/api/v1/namespaces/web/pods/a"), "get -/v1 web pods a");
  EXPECT_EQ(Describe("HEAD", "/api/v1/namespaces/web/pods/a"), "get -/v1 web pods a");
  EXPECT_EQ(Describe("GET", "/api/v1/pods", {{"watch", "true"}}), "watch -/v1 - pods -");
  EXPECT_EQ(Describe("POST", "/apis/apps/v1/namespaces/web/deployments"),
            "create apps/v1 web deployments -");
  EXPECT_EQ(Describe("PUT", "/apis/apps/v1/namespaces/web/deployments/a/status"),
            "update apps/v1 web deployments/status a");
  EXPECT_EQ(Describe("PATCH", "/api/v1/nodes/n"), "patch -/v1 - nodes n");
  EXPECT_EQ(Describe("DELETE", "/api/v1/nodes/n"), "delete -/v1 - nodes n");
  EXPECT_EQ(Describe("DELETE", "/api/v1/namespaces/web/pods"), "deletecollection -/v1 web pods -");
}

TEST(RequestInfo, ANamespaceIsInItself) {
  EXPECT_EQ(Describe("GET", "/api/v1/namespaces"), "list -/v1 - namespaces -");
  EXPECT_EQ(Describe("GET", "/api/v1/namespaces/web"), "get -/v1 web namespaces web");
  EXPECT_EQ(Describe("PUT", "/api/v1/namespaces/web/finalize"),
            "update -/v1 web namespaces/finalize web");
}

// What is asked of authorization is what is then done: both are read by one parser.
TEST(RequestInfo, SpeaksOfWhatTheTargetNames) {
  EXPECT_EQ(Describe("GET", "/api/v1/namespaces/web/status/secrets"),
            "get -/v1 web namespaces/status web");
  EXPECT_EQ(Describe("GET", "/api/v1/watch/namespaces/web/pods"), "watch -/v1 web pods -");
  EXPECT_EQ(Describe("GET", "/api/v1/namespaces/a/namespaces/b"), "get -/v1 a namespaces b");
}

TEST(RequestInfo, AFieldSelectorMayLeaveOneName) {
  EXPECT_EQ(Describe("GET", "/api/v1/namespaces/web/pods",
                     {{"fieldSelector", "status.phase=Running,metadata.name=a"}, {"watch", "1"}}),
            "watch -/v1 web pods a");
}

TEST(RequestInfo, EverythingElseIsAPath) {
  EXPECT_EQ(Describe("GET", "/healthz"), "get path /healthz");
  EXPECT_EQ(Describe("POST", "/"), "post path /");
  EXPECT_EQ(Describe("GET", "/api/v1"), "get path /api/v1");
  EXPECT_EQ(Describe("GET", "/apis/apps"), "get path /apis/apps");
  EXPECT_EQ(Describe("GET", "/apis/apps/v1"), "get path /apis/apps/v1");
  EXPECT_EQ(Describe("GET", "/openapi/v3/apis/apps/v1"), "get path /openapi/v3/apis/apps/v1");
}

TEST(RequestInfo, StreamsAreLongRunning) {
  const auto is_long = [](const std::string& path, Pairs query = {}) {
    const Request request{.method = "GET", .path = path, .query = std::move(query)};
    return RequestInfo::Of(request).IsLongRunning(request);
  };
  EXPECT_TRUE(is_long("/api/v1/pods", {{"watch", "true"}}));
  EXPECT_TRUE(is_long("/api/v1/namespaces/web/pods/a/exec"));
  EXPECT_TRUE(is_long("/api/v1/namespaces/web/pods/a/log", {{"follow", "true"}}));
  EXPECT_FALSE(is_long("/api/v1/namespaces/web/pods/a/log"));
  EXPECT_FALSE(is_long("/api/v1/pods"));
}

}  // namespace
}  // namespace kvplane::apiserver
