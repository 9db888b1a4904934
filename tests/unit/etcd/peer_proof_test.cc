#include "etcd/peer_proof.h"

#include <gtest/gtest.h>

#include <set>

namespace kvshim::etcd {
namespace {

TEST(PeerProof, DependsOnAllItIsAbout) {
  const std::string a(kHelloBytes, 'a');
  const std::string b(kHelloBytes, 'b');
  const std::set<std::string> proofs{
      PeerProof(PeerRole::kOwner, "secret", "", a, b),
      PeerProof(PeerRole::kFollower, "secret", "", a, b),
      PeerProof(PeerRole::kOwner, "another", "", a, b),
      PeerProof(PeerRole::kOwner, "secret", "session", a, b),
      PeerProof(PeerRole::kOwner, "secret", "", b, a),
  };
  EXPECT_EQ(proofs.size(), 5u);
  for (const std::string& proof : proofs) EXPECT_EQ(proof.size(), kProofBytes);
}

TEST(PeerProof, IsTheSameForBothSides) {
  const std::string proof = PeerProof(PeerRole::kOwner, "secret", "session", "a", "b");
  EXPECT_TRUE(IsProof(proof, PeerProof(PeerRole::kOwner, "secret", "session", "a", "b")));
  EXPECT_FALSE(IsProof(proof.substr(1), proof));
  EXPECT_FALSE(IsProof("", proof));
}

TEST(PeerProof, SaysHelloInNewWords) {
  EXPECT_EQ(PeerHello().size(), kHelloBytes);
  EXPECT_NE(PeerHello(), PeerHello());
}

}  // namespace
}  // namespace kvshim::etcd
