// Message: the bytes of one outbound message, made of pieces that are copied in or shared.
//
// A shared piece refers to memory of somebody else, who hears when it has been sent or given up. It
// costs some bookkeeping, so small pieces are better copied: callers compare with kShareThreshold.
//
// Thread safety: none, also of a message together with the outbox that has taken pieces of it. A
// piece is released on whatever thread has the message then.
//
//   Message message(kv.wire().size() + 16);
//   message.AppendCopy("\x12");
//   message.AppendShared(kv.wire(), kv.Retain(), kKeyValueOwnership);
//   message.Take(16384, outbox);
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "rpc/outbox.h"
#include "rpc/piece.h"

namespace kvshim::rpc {

class Message {
 public:
  // From this many bytes on, sharing a piece costs less than copying it.
  static constexpr size_t kShareThreshold = 1024;

  Message() = default;
  // `copied_bytes`: about how many bytes will be copied in, where the caller knows.
  explicit Message(size_t copied_bytes) : next_chunk_(copied_bytes) {}
  // The whole message copied from `bytes`.
  static Message Copy(std::string_view bytes);

  Message(Message&& other) noexcept;
  Message& operator=(Message&& other) noexcept;
  ~Message();

  // About so many pieces are to come.
  void Reserve(size_t pieces) { pieces_.reserve(pieces); }
  void AppendCopy(std::string_view bytes);

  // Refers to `bytes` until they have been sent, or given up; takes a reference to `owner` over.
  // `ownership` lives for ever.
  void AppendShared(std::string_view bytes, void* owner, const Ownership& ownership);

  // Bytes not taken yet.
  size_t size() const { return size_; }

  // Moves the first `count` bytes, of size() at most, to the end of `out`.
  void Take(size_t count, Outbox& out);

  // The bytes in one string. The message keeps them.
  std::string Flatten() const;

 private:
  struct Chunk;  // of copied bytes, an owner as others

  void NewChunk(size_t at_least);

  absl::InlinedVector<Piece, 2> pieces_;
  size_t first_ = 0;        // of pieces_, the others are taken
  Chunk* chunk_ = nullptr;  // the last one, with a reference of our own
  char* free_ = nullptr;    // the rest of it
  size_t free_size_ = 0;
  size_t size_ = 0;
  size_t next_chunk_ = 0;
};

}  // namespace kvshim::rpc
