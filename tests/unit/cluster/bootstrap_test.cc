#include "cluster/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include "unit/temporary_directory.h"

namespace kvplane::cluster {
namespace {

using testing::HasSubstr;

class BootstrapTest : public testing::Test {
 protected:
  BootstrapTest() { store_ = *kvshim::Store::Open("sqlite://" + directory_.File("state.db"), {}); }

  absl::StatusOr<Bootstrap> JoinWith(const std::string& token, ClusterSettings settings = {}) {
    return Join(*store_, *Token::Parse(token), *Complete(std::move(settings)));
  }

  kvshim::testing::TemporaryDirectory directory_;
  std::unique_ptr<kvshim::Store> store_;
};

TEST_F(BootstrapTest, TheSecondServerHasTheAuthoritiesOfTheFirst) {
  const auto first = JoinWith("s3cret");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(first->founded);
  const auto second = JoinWith("s3cret");
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_FALSE(second->founded);
  EXPECT_EQ(second->server_ca, first->server_ca);
  EXPECT_EQ(second->client_ca, first->client_ca);
  EXPECT_EQ(second->request_header_ca, first->request_header_ca);
  EXPECT_EQ(second->service_account_key, first->service_account_key);
  EXPECT_EQ(second->settings, first->settings);
}

TEST_F(BootstrapTest, RacingFirstServersConverge) {
  std::vector<absl::StatusOr<Bootstrap>> joined(6, absl::UnknownError(""));
  std::vector<std::thread> threads;
  for (auto& one : joined) threads.emplace_back([&] { one = JoinWith("s3cret"); });
  for (std::thread& thread : threads) thread.join();
  int founded = 0;
  for (const auto& one : joined) {
    ASSERT_TRUE(one.ok()) << one.status();
    EXPECT_EQ(one->server_ca, joined.front()->server_ca);
    founded += one->founded ? 1 : 0;
  }
  EXPECT_EQ(founded, 1);
}

TEST_F(BootstrapTest, RacingFirstServersWithDifferentTokensFoundOneCluster) {
  std::vector<absl::StatusOr<Bootstrap>> joined(4, absl::UnknownError(""));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < joined.size(); ++i) {
    threads.emplace_back([&, i] { joined[i] = JoinWith("token" + std::to_string(i)); });
  }
  for (std::thread& thread : threads) thread.join();
  int founded = 0;
  for (const auto& one : joined) {
    founded += one.ok() ? 1 : 0;
    EXPECT_TRUE(one.ok() || absl::IsPermissionDenied(one.status())) << one.status();
  }
  EXPECT_EQ(founded, 1);
}

TEST_F(BootstrapTest, AnotherTokenIsRefusedByName) {
  ASSERT_TRUE(JoinWith("s3cret").ok());
  const auto other = JoinWith("another");
  EXPECT_EQ(other.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("--token"));
}

TEST_F(BootstrapTest, AFullTokenPinsTheAuthority) {
  const std::string ca = JoinWith("s3cret")->server_ca.certificate;
  EXPECT_TRUE(JoinWith("K10" + Fingerprint(ca) + "::server:s3cret").ok());
  const auto pinned = JoinWith("K10" + std::string(64, 'b') + "::server:s3cret");
  EXPECT_EQ(pinned.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(pinned.status().message()), HasSubstr("K10"));
}

TEST_F(BootstrapTest, AFullTokenFoundsNoCluster) {
  const auto joined = JoinWith("K10" + std::string(64, 'b') + "::server:s3cret");
  EXPECT_EQ(joined.status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(BootstrapTest, OtherSettingsAreRefusedByName) {
  ASSERT_TRUE(JoinWith("s3cret").ok());
  const auto other = JoinWith("s3cret", {.cluster_cidr = "10.99.0.0/16"});
  EXPECT_EQ(other.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("--cluster-cidr"));
}

TEST_F(BootstrapTest, NothingSecretLiesOpenInTheStore) {
  const auto cluster = JoinWith("s3cret");
  const auto held = store_->Range(kvshim::RangeRequest{.key = "/", .range_end = "0"});
  ASSERT_TRUE(held.ok());
  ASSERT_EQ(held->kvs.size(), 1u);
  EXPECT_EQ(held->kvs[0].key().find("s3cret"), std::string_view::npos);
  EXPECT_EQ(held->kvs[0].value().find("PRIVATE KEY"), std::string_view::npos);
}

}  // namespace
}  // namespace kvplane::cluster
