#include "encryption/key_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvplane::encryption {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kKey = "/registry/secrets/default/a";

KeyRing NewRing() { return *KeyRing{.enabled = true}.Rotated(0); }

TEST(KeyRing, ValuesHaveKubernetesForm) {
  const KeyRing ring = NewRing();
  const auto stored = ring.Encrypt(kKey, "plain text");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_THAT(*stored, StartsWith("k8s:enc:aesgcm:v1:aesgcmkey-1:"));
  EXPECT_EQ(stored->find("plain"), std::string::npos);
  EXPECT_EQ(*ring.Decrypt(kKey, *stored), "plain text");
  EXPECT_TRUE(ring.IsCurrent(*stored));
  EXPECT_NE(*ring.Encrypt(kKey, "plain text"), *stored);
}

TEST(KeyRing, AValueOpensInItsPlaceOnly) {
  const KeyRing ring = NewRing();
  const std::string stored = *ring.Encrypt(kKey, "plain text");
  EXPECT_EQ(ring.Decrypt("/registry/secrets/default/b", stored).status().code(),
            absl::StatusCode::kDataLoss);
  std::string changed = stored;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_EQ(ring.Decrypt(kKey, changed).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ring.Decrypt(kKey, stored.substr(0, 31)).status().code(), absl::StatusCode::kDataLoss);
}

TEST(KeyRing, WhatIsPlainStaysReadable) {
  const KeyRing ring = NewRing();
  EXPECT_EQ(*ring.Decrypt(kKey, "plain"), "plain");
  EXPECT_FALSE(ring.IsCurrent("plain"));
  KeyRing off = ring;
  off.enabled = false;
  EXPECT_EQ(*off.Encrypt(kKey, "plain"), "plain");
  EXPECT_TRUE(off.IsCurrent("plain"));
  EXPECT_EQ(*off.Decrypt(kKey, *ring.Encrypt(kKey, "x")), "x");
}

TEST(KeyRing, ARotatedRingReadsWhatTheOldOneWrote) {
  const KeyRing first = NewRing();
  const std::string stored = *first.Encrypt(kKey, "x");
  const KeyRing second = *first.Rotated(1);
  EXPECT_EQ(*second.Decrypt(kKey, stored), "x");
  EXPECT_FALSE(second.IsCurrent(stored));
  EXPECT_THAT(*second.Encrypt(kKey, "x"), HasSubstr(":aesgcmkey-2:"));
  const KeyRing third = *second.Rotated(1);
  EXPECT_EQ(third.Decrypt(kKey, stored).status().code(), absl::StatusCode::kNotFound);
}

TEST(KeyRing, IsReadBackFromItsDocument) {
  const KeyRing ring = *NewRing().Rotated(1);
  const auto read = KeyRing::FromJson(ring.ToJson());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read->Decrypt(kKey, *ring.Encrypt(kKey, "x")), "x");
  EXPECT_TRUE(read->enabled);
  EXPECT_EQ(read->keys.size(), 2u);
  for (const char* text : {"", "[]", "{}", R"({"enabled":true,"keys":[]})",
                           R"({"enabled":true,"keys":[{"name":"a","secret":"YQ=="}]})"}) {
    EXPECT_FALSE(KeyRing::FromJson(text).ok()) << text;
  }
}

TEST(KeyRing, AnotherProvidersValueIsRefusedByName) {
  EXPECT_THAT(std::string(NewRing().Decrypt(kKey, "k8s:enc:kms:v2:x:y").status().message()),
              HasSubstr("a way that this release does not know"));
}

}  // namespace
}  // namespace kvplane::encryption
