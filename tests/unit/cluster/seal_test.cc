#include "cluster/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvplane::cluster {
namespace {

TEST(Seal, OpensWithThePasswordInItsPlaceOnly) {
  const auto sealed = Seal("password", "/bootstrap/1", "the plain text");
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->find("plain"), std::string::npos);
  EXPECT_EQ(*Open("password", "/bootstrap/1", *sealed), "the plain text");
  EXPECT_EQ(Open("Password", "/bootstrap/1", *sealed).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Open("password", "/bootstrap/2", *sealed).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST(Seal, NoByteCanBeChangedOrLost) {
  const auto sealed = Seal("password", "", "x");
  ASSERT_TRUE(sealed.ok());
  for (const size_t at : {size_t{0}, size_t{5}, size_t{20}, size_t{29}, sealed->size() - 1}) {
    std::string changed = *sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(Open("password", "", changed).ok()) << at;
  }
  EXPECT_FALSE(Open("password", "", sealed->substr(0, sealed->size() - 1)).ok());
  EXPECT_FALSE(Open("password", "", "").ok());
}

TEST(Seal, TwiceTheSameIsNotTheSame) {
  EXPECT_NE(*Seal("password", "", "x"), *Seal("password", "", "x"));
  EXPECT_EQ(*SealName("password"), *SealName("password"));
  EXPECT_NE(*SealName("password"), *SealName("passwort"));
}

}  // namespace
}  // namespace kvplane::cluster
