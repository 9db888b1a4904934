#include "encryption/secrets_encryption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "unit/temporary_directory.h"

namespace kvplane::encryption {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kSecret[] = "/registry/secrets/default/a";

class SecretsEncryptionTest : public testing::Test {
 protected:
  SecretsEncryptionTest() {
    database_ = *kvshim::Store::Open("sqlite://" + directory_.File("state.db"), {});
  }

  std::unique_ptr<SecretsEncryption> Server(bool wanted = true) {
    auto opened = SecretsEncryption::Open(*database_, "password", wanted);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  static void Put(kvshim::Store& store, const std::string& key, const std::string& value) {
    const auto put = store.Put(kvshim::PutRequest{.key = key, .value = value});
    EXPECT_TRUE(put.ok()) << put.status();
  }
  static std::string Get(kvshim::Store& store, const std::string& key = kSecret) {
    const auto range = store.Range(kvshim::RangeRequest{.key = key});
    EXPECT_TRUE(range.ok()) << range.status();
    return range.ok() && !range->kvs.empty() ? std::string(range->kvs[0].value()) : "";
  }

  kvshim::testing::TemporaryDirectory directory_;
  std::unique_ptr<kvshim::Store> database_;
};

TEST_F(SecretsEncryptionTest, SecretsLieEncryptedAndAllElseAsItIs) {
  const auto server = Server();
  Put(server->store(), kSecret, "plain text");
  Put(server->store(), "/registry/configmaps/default/a", "plain text");
  EXPECT_EQ(Get(server->store()), "plain text");
  EXPECT_THAT(Get(*database_), StartsWith("k8s:enc:aesgcm:v1:aesgcmkey-1:"));
  EXPECT_EQ(Get(*database_, "/registry/configmaps/default/a"), "plain text");
}

TEST_F(SecretsEncryptionTest, EveryServerHasTheKeys) {
  const auto first = Server();
  const auto second = Server();
  Put(first->store(), kSecret, "x");
  EXPECT_EQ(Get(second->store()), "x");
  EXPECT_EQ(second->Status()->keys.size(), 1u);
}

TEST_F(SecretsEncryptionTest, AServerWithoutTheFlagIsRefusedWhileTheClusterEncrypts) {
  const auto server = Server();
  const auto refused = SecretsEncryption::Open(*database_, "password", false);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("give --secrets-encryption"));
  ASSERT_TRUE(server->Disable().ok());
  EXPECT_TRUE(SecretsEncryption::Open(*database_, "password", false).ok());
}

TEST_F(SecretsEncryptionTest, WithoutKeysNothingCanBeEnabled) {
  const auto server = Server(false);
  EXPECT_FALSE(server->Status()->has_keys);
  EXPECT_THAT(std::string(server->Enable().message()), HasSubstr("--secrets-encryption"));
  EXPECT_FALSE(server->RotateKeys().ok());
}

TEST_F(SecretsEncryptionTest, WhatWasWrittenBeforeIsReadAndEncryptedWhenAsked) {
  const auto before = Server(false);
  Put(before->store(), kSecret, "x");
  const auto server = Server();
  EXPECT_EQ(Get(server->store()), "x");
  EXPECT_EQ(server->Status()->stale, 1);
  ASSERT_TRUE(server->Reencrypt().ok());
  EXPECT_THAT(Get(*database_), StartsWith("k8s:enc:"));
  EXPECT_EQ(Get(server->store()), "x");
  EXPECT_EQ(server->Status()->stale, 0);
  ASSERT_TRUE(server->Disable().ok());
  ASSERT_TRUE(server->Reencrypt().ok());
  EXPECT_EQ(Get(*database_), "x");
}

// The server that began without encryption does not write plainly once another turned it on.
TEST_F(SecretsEncryptionTest, AServerThatHasNotHeardOfTheChangeWritesByIt) {
  const auto old = Server(false);
  const auto server = Server();
  Put(old->store(), kSecret, "x");
  EXPECT_THAT(Get(*database_), StartsWith("k8s:enc:"));
  ASSERT_TRUE(server->RotateKeys().ok());
  EXPECT_EQ(Get(old->store()), "x");
  Put(old->store(), kSecret, "y");
  EXPECT_THAT(Get(*database_), HasSubstr("aesgcmkey-2:"));
}

TEST_F(SecretsEncryptionTest, RotationWritesEverySecretAndKeepsOneKeyBefore) {
  const auto server = Server();
  for (int i = 0; i < 500; ++i) {
    Put(server->store(), "/registry/secrets/default/" + std::to_string(i), "x");
  }
  const auto other = Server();
  ASSERT_TRUE(server->RotateKeys().ok());
  ASSERT_TRUE(server->RotateKeys().ok());
  const auto status = server->Status();
  EXPECT_THAT(status->keys, ElementsAre("aesgcmkey-3", "aesgcmkey-2"));
  EXPECT_EQ(status->current, 500);
  EXPECT_EQ(status->stale, 0);
  EXPECT_EQ(Get(other->store(), "/registry/secrets/default/499"), "x");
}

TEST_F(SecretsEncryptionTest, ATransactionDoesWhatItSays) {
  const auto server = Server();
  Put(server->store(), kSecret, "x");
  const auto swap = [&](int64_t revision, const std::string& value) {
    kvshim::TxnRequest txn;
    txn.compare.push_back(
        {.target = kvshim::CompareTarget::kMod, .key = kSecret, .number = revision});
    txn.success.emplace_back(kvshim::PutRequest{.key = kSecret, .value = value, .prev_kv = true});
    txn.failure.emplace_back(kvshim::RangeRequest{.key = kSecret});
    return server->store().Txn(std::move(txn));
  };
  const auto missed = swap(1, "y");
  ASSERT_TRUE(missed.ok()) << missed.status();
  EXPECT_FALSE(missed->succeeded);
  const auto& held = std::get<kvshim::RangeResponse>(missed->responses[0]).kvs[0];
  EXPECT_EQ(held.value(), "x");
  const auto done = swap(held.mod_revision(), "y");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(done->succeeded);
  EXPECT_EQ(done->revision, held.mod_revision() + 1);
  EXPECT_EQ(std::get<kvshim::PutResponse>(done->responses[0]).prev_kv.value(), "x");
  EXPECT_EQ(Get(server->store()), "y");
}

TEST_F(SecretsEncryptionTest, WatchesSeeThemPlainThoughTheKeyIsNew) {
  const auto server = Server();
  const auto other = Server();
  std::promise<std::string> seen;
  const auto watch =
      other->store().StartWatch({.key = kSecret}, [&](const kvshim::WatchResponse& response) {
        for (const kvshim::WatchEvent& event : response.events) {
          seen.set_value(std::string(event.kv.value()));
        }
      });
  ASSERT_TRUE(watch.ok()) << watch.status();
  ASSERT_TRUE(server->RotateKeys().ok());
  Put(server->store(), kSecret, "x");
  EXPECT_EQ(seen.get_future().get(), "x");
}

}  // namespace
}  // namespace kvplane::encryption
