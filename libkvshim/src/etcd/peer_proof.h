// PeerProof: how two servers show each other over a link that they belong to one database: each
// knows the secret that lies there. What is proven is bound to the connection's TLS session, to
// both sides' random numbers and to the release, so that nobody in between can pass a proof on, and
// servers of different releases do not link.
//
//   dialling server          the other
//   hello                →
//                        ←   hello, proof of kOwner
//   proof of kFollower   →
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace kvshim::etcd {

enum class PeerRole : char { kOwner = 'o', kFollower = 'f' };

inline constexpr size_t kHelloBytes = 16;
inline constexpr size_t kProofBytes = 32;

// Random; empty where the system gives none.
std::string PeerHello();

std::string PeerProof(PeerRole role, std::string_view secret, std::string_view binding,
                      std::string_view follower_hello, std::string_view owner_hello);

// Whether they are the same, in a time that does not tell where they differ.
bool IsProof(std::string_view proof, std::string_view expected);

}  // namespace kvshim::etcd
