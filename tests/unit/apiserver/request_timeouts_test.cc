#include "apiserver/request_timeouts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api_fixture.h"

namespace kvplane::apiserver {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class RequestTimeoutsTest : public testing::Test {
 protected:
  kvshim::base::FakeClock clock_;
  RequestTimeouts timeouts_{seconds(60), clock_};
  std::shared_ptr<RecordingResponse> response_ = std::make_shared<RecordingResponse>();
};

TEST_F(RequestTimeoutsTest, WhatTakesTooLongIsAnswered504AndNothingElse) {
  const auto bound = timeouts_.Bound(response_, seconds(5));
  clock_.Advance(seconds(4));
  timeouts_.RunDue();
  EXPECT_FALSE(bound->is_over());
  clock_.Advance(seconds(1));
  timeouts_.RunDue();
  EXPECT_TRUE(bound->is_over());
  bound->Send(200, {}, "late");
  EXPECT_EQ(response_->status(), 504);
  EXPECT_THAT(response_->body(), HasSubstr("\"reason\":\"Timeout\""));
  EXPECT_THAT(response_->body(), HasSubstr("did not complete within the allotted timeout"));
}

TEST_F(RequestTimeoutsTest, WhatIsAnsweredInTimeStays) {
  const auto bound = timeouts_.Bound(response_, seconds(5));
  bound->Begin(200, {});
  EXPECT_TRUE(bound->Write("in time"));
  bound->End();
  clock_.Advance(seconds(10));
  timeouts_.RunDue();
  EXPECT_EQ(response_->status(), 200);
  EXPECT_EQ(response_->body(), "in time");
}

TEST_F(RequestTimeoutsTest, TheClientMayAskForLess) {
  const auto of = [&](const std::string& text) {
    return timeouts_.Of({.query = {{"timeout", text}}});
  };
  EXPECT_EQ(*of("5s"), seconds(5));
  EXPECT_EQ(*of("0s"), seconds(60));
  EXPECT_EQ(*of("2h"), seconds(60));
  EXPECT_EQ(*of("250ms"), milliseconds(250));
  EXPECT_EQ(*timeouts_.Of({}), seconds(60));
  EXPECT_THAT(std::string(of("soon").status().message()), HasSubstr("invalid timeout"));
}

}  // namespace
}  // namespace kvplane::apiserver
