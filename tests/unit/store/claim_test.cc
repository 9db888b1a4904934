#include "store/claim.h"

#include <gtest/gtest.h>

#include <limits>

namespace kvshim::store {
namespace {

Claim Example() {
  Claim claim{.cluster_id = std::numeric_limits<uint64_t>::max(),
              .epoch = 3,
              .seq = std::numeric_limits<int64_t>::max(),
              .revision = 42,
              .stands = true};
  for (size_t i = 0; i < claim.nonce.size(); ++i) claim.nonce[i] = static_cast<char>(i * 17);
  return claim;
}

TEST(ClaimText, IsReadBackAsItWas) {
  Claim claim = Example();
  EXPECT_EQ(ReadClaim(TextOf(claim)), claim);
  claim.lineage = {.system = "7711599376004717286", .timeline = 2};
  EXPECT_EQ(ReadClaim(TextOf(claim)), claim);
  claim.stands = false;
  EXPECT_EQ(ReadClaim(TextOf(claim)), claim);
}

TEST(ClaimText, OfAnOlderReleaseIsNone) {
  EXPECT_FALSE(ReadClaim("").has_value());
  EXPECT_FALSE(ReadClaim("seq=17").has_value());
}

TEST(ClaimText, ThatIsDamagedIsNone) {
  const std::string whole = TextOf(Example());
  for (size_t at = 0; at < whole.size(); ++at) {
    if (whole[at] == '&') {
      EXPECT_FALSE(ReadClaim(whole.substr(0, at)).has_value()) << at;
    }
    std::string damaged = whole;
    damaged[at] = '!';
    EXPECT_FALSE(ReadClaim(damaged).has_value()) << damaged;
  }
  EXPECT_FALSE(ReadClaim("seq=-1&epoch=1&revision=1&nonce=00112233445566778899aabbccddeeff"
                         "&cluster=1&stands=1")
                   .has_value());
}

// A newer release may say more.
TEST(ClaimText, MayHavePartsThatAreNotKnown) {
  EXPECT_EQ(ReadClaim(TextOf(Example()) + "&more=1"), Example());
}

}  // namespace
}  // namespace kvshim::store
