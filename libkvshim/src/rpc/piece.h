// Piece: bytes of a message, in memory that an owner keeps until they have been sent.
//
// Who has a piece has a reference to its owner.
//
// Thread safety: none, but that of the owner.
#pragma once

#include <cstddef>

namespace kvshim::rpc {

// How references to an owner are had and given back.
struct Ownership {
  void (*retain)(void* owner);
  void (*release)(void* owner);
};

struct Piece {
  const char* data;
  size_t size;
  void* owner;
  const Ownership* ownership;

  void Release() const { ownership->release(owner); }
};

}  // namespace kvshim::rpc
