#include "controller/recorder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

#include "kinds/members.h"
#include "unit/apiserver/api_fixture.h"

namespace kvplane::controller {
namespace {

class RecorderTest : public apiserver::ApiTest {
 protected:
  ~RecorderTest() override {
    recorder_.Stop();
    executor_.Stop();
  }

  void Record(const std::string& message, const std::string& uid = "u") {
    recorder_.Record(
        {{"kind", "Pod"},
         {"apiVersion", "v1"},
         {"metadata", json::Object{{"name", "web"}, {"namespace", "default"}, {"uid", uid}}}},
        EventType::kWarning, "Failed", message);
    executor_.RunDue();
    clock_.Advance(std::chrono::milliseconds(1));  // events are named by their time
  }
  std::vector<json::Object> Events() {
    std::vector<json::Object> events;
    const json::Object list = Get("/api/v1/namespaces/default/events").object();
    for (const json::Value& one : list.at("items").as_array()) events.push_back(one.as_object());
    return events;
  }

  kvshim::base::FakeClock clock_;
  kvshim::base::Executor executor_{{.name = "recorder", .clock = &clock_}};
  Recorder recorder_{Client(api_->registry(),
                            [this](apiserver::Request request, auto response) {
                              api_->Handle(std::move(request), std::move(response));
                            },
                            {.name = "test"}),
                     "test-controller", executor_, clock_};
};

TEST_F(RecorderTest, TellsWhatHappenedToWhat) {
  Record("it broke");
  ASSERT_EQ(Events().size(), 1u);
  const json::Object event = Events()[0];
  EXPECT_EQ(At(event, "involvedObject.kind"), "Pod");
  EXPECT_EQ(At(event, "involvedObject.name"), "web");
  EXPECT_EQ(At(event, "reason"), "Failed");
  EXPECT_EQ(At(event, "message"), "it broke");
  EXPECT_EQ(At(event, "type"), "Warning");
  EXPECT_EQ(At(event, "count"), "1");
  EXPECT_EQ(At(event, "source.component"), "test-controller");
}

TEST_F(RecorderTest, CountsWhatRepeats) {
  Record("it broke");
  const std::string first = At(Events()[0], "firstTimestamp");
  clock_.Advance(std::chrono::minutes(1));
  Record("it broke");
  Record("it broke");
  ASSERT_EQ(Events().size(), 1u);
  EXPECT_EQ(At(Events()[0], "count"), "3");
  EXPECT_EQ(At(Events()[0], "firstTimestamp"), first);
  EXPECT_NE(At(Events()[0], "lastTimestamp"), first);
}

TEST_F(RecorderTest, ManyThatDifferInTheirMessageAloneBecomeOne) {
  for (int i = 0; i < 15; ++i) Record("it broke " + std::to_string(i));
  ASSERT_EQ(Events().size(), 10u);
  std::set<std::string> counts;
  for (const json::Object& event : Events()) {
    if (At(event, "message").starts_with("(combined from similar events): ")) {
      counts.insert(At(event, "count"));
    }
  }
  EXPECT_EQ(counts, std::set<std::string>{"6"});
}

TEST_F(RecorderTest, AnObjectHasNoMoreEventsThanTheMost) {
  for (int i = 0; i < 40; ++i) Record("it broke");
  EXPECT_EQ(At(Events()[0], "count"), "25");
  Record("it broke", "another");
  EXPECT_EQ(Events().size(), 2u);
  clock_.Advance(std::chrono::minutes(5));
  Record("it broke");
  std::set<std::string> counts;
  for (const json::Object& event : Events()) counts.insert(At(event, "count"));
  EXPECT_EQ(counts, (std::set<std::string>{"1", "26"}));
}

TEST_F(RecorderTest, WhatIsGoneIsToldAnew) {
  Record("it broke");
  Ask("DELETE", "/api/v1/namespaces/default/events/" + At(Events()[0], "metadata.name"));
  Record("it broke");
  ASSERT_EQ(Events().size(), 1u);
}

}  // namespace
}  // namespace kvplane::controller
