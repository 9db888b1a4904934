// Message: the bytes of one outbound message, made of pieces that are copied in or shared.
//
// A shared piece refers to memory of somebody else, who hears when it has been sent or given up. It
// costs some bookkeeping, so small pieces are better copied: callers compare with kShareThreshold.
//
// Thread safety: none; a release function runs on whatever thread has the message then, once.
//
//   Message message(kv.wire().size() + 16);
//   message.AppendCopy("\x12");
//   message.AppendShared(kv.wire(), kv.Retain(), &KeyValue::Release);
//   while (message.size() > 0) Send(buffer, message.Take(buffer, sizeof(buffer)));
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"

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

  void AppendCopy(std::string_view bytes);

  // Refers to `bytes` until they are taken, or the message goes; then release(owner) is called.
  void AppendShared(std::string_view bytes, void* owner, void (*release)(void* owner));

  // Bytes not taken yet.
  size_t size() const { return size_; }

  // Moves the first bytes out, at most `most`; returns how many.
  size_t Take(char* out, size_t most);

  // The bytes in one string. The message keeps them.
  std::string Flatten() const;

 private:
  struct Piece {
    const char* data;
    size_t size;
    void* owner;
    void (*release)(void* owner);  // null: the bytes are in one of chunks_
  };

  void NewChunk(size_t at_least);

  absl::InlinedVector<Piece, 2> pieces_;
  size_t first_ = 0;  // of pieces_, the others are taken
  absl::InlinedVector<std::unique_ptr<char[]>, 1> chunks_;
  char* free_ = nullptr;  // the rest of the last chunk
  size_t free_size_ = 0;
  size_t size_ = 0;
  size_t next_chunk_ = 0;
};

}  // namespace kvshim::rpc
