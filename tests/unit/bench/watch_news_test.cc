#include "bench/load/watch_news.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc.pb.h"

namespace kvshim::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(WatchNews, HasTheValuesOfAllEvents) {
  etcdserverpb::WatchResponse response;
  response.mutable_header()->set_revision(7);
  response.set_watch_id(3);
  for (const char* value : {"one", "", "three"}) {
    auto& kv = *response.add_events()->mutable_kv();
    kv.set_key("/a");
    kv.set_mod_revision(7);
    kv.set_value(value);
  }
  const std::string bytes = response.SerializeAsString();
  WatchNews news;
  ASSERT_TRUE(news.Read(bytes).ok());
  EXPECT_THAT(news.values, ElementsAre("one", "", "three"));
  EXPECT_FALSE(news.created);
  EXPECT_FALSE(news.canceled);
}

TEST(WatchNews, TellsWhatHappenedToTheWatch) {
  etcdserverpb::WatchResponse response;
  response.set_created(true);
  response.set_canceled(true);
  response.set_cancel_reason("compacted");
  const std::string bytes = response.SerializeAsString();
  WatchNews news;
  news.values = {"of the last message"};
  ASSERT_TRUE(news.Read(bytes).ok());
  EXPECT_TRUE(news.created);
  EXPECT_TRUE(news.canceled);
  EXPECT_EQ(news.cancel_reason, "compacted");
  EXPECT_THAT(news.values, IsEmpty());
}

TEST(WatchNews, RefusesWhatIsCutShort) {
  etcdserverpb::WatchResponse response;
  response.add_events()->mutable_kv()->set_value("value");
  const std::string bytes = response.SerializeAsString();
  WatchNews news;
  EXPECT_FALSE(news.Read(bytes.substr(0, bytes.size() - 1)).ok());
}

}  // namespace
}  // namespace kvshim::bench
