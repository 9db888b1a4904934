#include "http/pages.h"

#include <gtest/gtest.h>

namespace kvshim::http {
namespace {

using Query = std::map<std::string, std::string>;

TEST(Request, TargetIsPathAndQuery) {
  const Request plain = Request::Parse("GET", "/health");
  EXPECT_EQ(plain.method, "GET");
  EXPECT_EQ(plain.path, "/health");
  EXPECT_TRUE(plain.query.empty());
  EXPECT_EQ(Request::Parse("GET", "/h?serializable=true&verbose").query,
            (Query{{"serializable", "true"}, {"verbose", ""}}));
  EXPECT_EQ(Request::Parse("GET", "/h?a=b=c&&d=&").query, (Query{{"a", "b=c"}, {"d", ""}}));
  EXPECT_EQ(Request::Parse("GET", "/h?").path, "/h");
  EXPECT_TRUE(Request::Parse("GET", "/h?").query.empty());
  EXPECT_EQ(Request::Parse("GET", "").path, "");
}

TEST(Pages, AreServedByPath) {
  Pages pages;
  pages.Add("/a", [](const Request& request) { return Response{.body = "a" + request.method}; });
  pages.Add("/b", [](const Request&) { return Response{.status = 503, .body = "b"}; });
  EXPECT_EQ(pages.Serve(Request::Parse("GET", "/a")).body, "aGET");
  EXPECT_EQ(pages.Serve(Request::Parse("HEAD", "/a?x")).body, "aHEAD");
  EXPECT_EQ(pages.Serve(Request::Parse("GET", "/b")).status, 503);
  EXPECT_EQ(pages.Serve(Request::Parse("GET", "/a/")).status, 404);
  EXPECT_EQ(pages.Serve(Request::Parse("POST", "/c")).status, 404);
  EXPECT_EQ(pages.Serve(Request::Parse("POST", "/a")).status, 405);
}

}  // namespace
}  // namespace kvshim::http
