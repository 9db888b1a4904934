// Message: the bytes of one outbound gRPC message, made of pieces that are copied in or shared.
//
// A shared piece refers to memory of somebody else, who hears when gRPC has sent it (or given it
// up). A piece costs an allocation, so small ones are better copied: callers compare with
// kShareThreshold.
//
// Thread safety: none while it is built; a release function runs on any thread, once.
//
//   Message message(kv.wire().size() + 16);
//   message.AppendCopy("\x12");
//   message.AppendShared(kv.wire(), kv.Retain(), &KeyValue::Release);
#pragma once

#include <grpc/slice.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvshim::rpc {

class Message {
 public:
  // From this many bytes on, sharing a piece costs less than copying it, sending included.
  static constexpr size_t kShareThreshold = 1024;

  Message() = default;
  // `copied_bytes`: about how many bytes will be copied in, where the caller knows.
  explicit Message(size_t copied_bytes) : next_chunk_(copied_bytes) {}
  // The whole message copied from `bytes`.
  static Message Copy(std::string_view bytes);

  Message(Message&& other) noexcept { *this = std::move(other); }
  Message& operator=(Message&& other) noexcept;
  ~Message();

  void AppendCopy(std::string_view bytes);

  // Refers to `bytes` until gRPC is through with them; then release(owner) is called.
  void AppendShared(std::string_view bytes, void* owner, void (*release)(void* owner));

  size_t size() const { return size_; }

  // Gives the pieces away to gRPC; the message is empty afterwards.
  grpc::ByteBuffer TakeBuffer();

  // The bytes in one string, for what does not go over gRPC. The message keeps them.
  std::string Flatten() const;

 private:
  void NewChunk(size_t at_least);
  void CloseCopied();

  std::vector<grpc_slice> slices_;  // closed pieces, one reference each
  grpc_slice chunk_{};              // copied bytes go here; bytes [open_, used_) are not closed yet
  size_t capacity_ = 0;             // of chunk_; 0: there is none
  size_t open_ = 0;
  size_t used_ = 0;
  size_t size_ = 0;
  size_t next_chunk_ = 0;
};

}  // namespace kvshim::rpc
