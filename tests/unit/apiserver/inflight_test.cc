#include "apiserver/inflight.h"

#include <gtest/gtest.h>

#include <vector>

namespace kvplane::apiserver {
namespace {

class RecordingResponse : public Response {
 public:
  void Send(int status, Pairs headers, std::string /*body*/) override {
    status_ = status;
    headers_ = std::move(headers);
  }
  void Begin(int status, Pairs) override { status_ = status; }
  bool Write(std::string_view) override { return true; }
  void End() override {}
  void OnGone(std::function<void()>) override {}

  int status_ = 0;
  Pairs headers_;
};

class InflightTest : public testing::Test {
 protected:
  int Ask(const std::string& method, Pairs query = {}) {
    auto response = std::make_shared<RecordingResponse>();
    handler_({.method = method, .path = "/api/v1/pods", .query = std::move(query)}, response);
    last_ = response;
    return response->status_;
  }

  Inflight inflight_{{.reading = 2, .changing = 1}};
  std::vector<std::shared_ptr<Response>> open_;
  Handler handler_ = inflight_.Bound(
      [this](Request, std::shared_ptr<Response> response) { open_.push_back(response); });
  std::shared_ptr<RecordingResponse> last_;
};

TEST_F(InflightTest, ReadersDoNotStarveWriters) {
  EXPECT_EQ(Ask("GET"), 0);
  EXPECT_EQ(Ask("GET"), 0);
  EXPECT_EQ(Ask("GET"), 429);
  EXPECT_EQ(last_->headers_[1], (std::pair<std::string, std::string>("retry-after", "1")));
  EXPECT_EQ(Ask("POST"), 0);
  EXPECT_EQ(Ask("POST"), 429);
}

TEST_F(InflightTest, AnAnswerMakesRoom) {
  Ask("POST");
  open_[0]->Send(200, {}, "");
  EXPECT_EQ(inflight_.changing(), 0u);
  EXPECT_EQ(Ask("POST"), 0);
  open_.clear();  // never answered: dropped
  EXPECT_EQ(inflight_.changing(), 0u);
}

TEST_F(InflightTest, WatchesDoNotCount) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Ask("GET", {{"watch", "true"}}), 0);
  EXPECT_EQ(inflight_.reading(), 0u);
}

}  // namespace
}  // namespace kvplane::apiserver
