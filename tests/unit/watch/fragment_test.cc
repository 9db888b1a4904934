#include "watch/fragment.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kvshim::watch {
namespace {

class FragmentTest : public ::testing::Test {
 protected:
  FragmentTest() {
    for (int i = 0; i < 10; ++i) {
      events_.emplace_back(KeyValue::Make({.key = "/k" + std::to_string(i),
                                           .value = std::string(1000, 'x'),
                                           .create_revision = 2,
                                           .mod_revision = 2,
                                           .version = 1}));
    }
    for (const Event& event : events_) pointers_.push_back(&event);
    response_ = {.events = pointers_, .fragment = true};
  }

  std::vector<size_t> Split(size_t limit) const {
    std::vector<size_t> sizes;
    for (size_t first = 0; first < response_.events.size();) {
      const size_t last = FragmentEnd(response_, first, limit);
      sizes.push_back(last - first);
      first = last;
    }
    return sizes;
  }

  std::vector<Event> events_;
  std::vector<const Event*> pointers_;
  Response response_;
};

TEST_F(FragmentTest, WhatFitsGoesInOnePart) { EXPECT_EQ(Split(100000), std::vector<size_t>{10}); }

TEST_F(FragmentTest, PartsStayBelowTheLimit) {
  EXPECT_EQ(Split(3500), (std::vector<size_t>{3, 3, 3, 1}));
}

TEST_F(FragmentTest, AnEventLargerThanTheLimitGoesAlone) {
  EXPECT_EQ(Split(10), std::vector<size_t>(10, 1));
}

TEST_F(FragmentTest, ClientThatDidNotAskGetsOneResponse) {
  response_.fragment = false;
  EXPECT_EQ(Split(10), std::vector<size_t>{10});
}

}  // namespace
}  // namespace kvshim::watch
