#include "etcd/peer_proof.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/strings.h"
#include "kvshim/version.h"

namespace kvshim::etcd {

std::string PeerHello() {
  std::string hello(kHelloBytes, '\0');
  const bool drawn = RAND_bytes(reinterpret_cast<unsigned char*>(hello.data()),
                                static_cast<int>(kHelloBytes)) == 1;
  return drawn ? hello : "";
}

std::string PeerProof(PeerRole role, std::string_view secret, std::string_view binding,
                      std::string_view follower_hello, std::string_view owner_hello) {
  // Of fixed lengths but the last, so that no two inputs give the same text.
  const std::string text =
      base::Concat(std::string(1, static_cast<char>(role)), follower_hello, owner_hello,
                   std::string(1, static_cast<char>(binding.size())), binding, kVersion);
  std::string proof(kProofBytes, '\0');
  unsigned int size = kProofBytes;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(proof.data()), &size);
  return proof;
}

bool IsProof(std::string_view proof, std::string_view expected) {
  return proof.size() == expected.size() &&
         CRYPTO_memcmp(proof.data(), expected.data(), expected.size()) == 0;
}

}  // namespace kvshim::etcd
