#include "rpc/message.h"

#include <algorithm>
#include <cstring>

namespace kvshim::rpc {
namespace {

constexpr size_t kFirstChunk = 256;
constexpr size_t kLargestChunk = size_t{64} << 10;

}  // namespace

Message Message::Copy(std::string_view bytes) {
  Message message(bytes.size());
  message.AppendCopy(bytes);
  return message;
}

Message& Message::operator=(Message&& other) noexcept {
  std::swap(slices_, other.slices_);
  std::swap(chunk_, other.chunk_);
  std::swap(capacity_, other.capacity_);
  std::swap(open_, other.open_);
  std::swap(used_, other.used_);
  std::swap(size_, other.size_);
  std::swap(next_chunk_, other.next_chunk_);
  return *this;
}

Message::~Message() {
  for (const grpc_slice& slice : slices_) grpc_slice_unref(slice);
  if (capacity_ != 0) grpc_slice_unref(chunk_);
}

void Message::AppendCopy(std::string_view bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    if (used_ == capacity_) NewChunk(bytes.size());
    const size_t fits = std::min(bytes.size(), capacity_ - used_);
    std::memcpy(GRPC_SLICE_START_PTR(chunk_) + used_, bytes.data(), fits);
    used_ += fits;
    bytes.remove_prefix(fits);
  }
}

void Message::AppendShared(std::string_view bytes, void* owner, void (*release)(void* owner)) {
  if (bytes.empty()) {
    release(owner);
    return;
  }
  CloseCopied();
  size_ += bytes.size();
  // gRPC does not write to the bytes of an outbound slice.
  slices_.push_back(
      grpc_slice_new_with_user_data(const_cast<char*>(bytes.data()), bytes.size(), release, owner));
}

void Message::NewChunk(size_t at_least) {
  CloseCopied();
  if (capacity_ != 0) grpc_slice_unref(chunk_);
  // Chunks grow with the message, so that a large one consists of few.
  const size_t grown = std::min(std::max(next_chunk_, kFirstChunk), kLargestChunk);
  const size_t wanted = std::max({at_least, next_chunk_ > kLargestChunk ? next_chunk_ : 0, grown});
  chunk_ = grpc_slice_malloc_large(wanted);
  capacity_ = wanted;
  open_ = used_ = 0;
  next_chunk_ = std::min(grown * 4, kLargestChunk);
}

// Makes a slice of the copied bytes so far. The shortest fit into the slice itself and cost no
// reference; their place in the chunk is used again.
void Message::CloseCopied() {
  const size_t size = used_ - open_;
  if (size == 0) return;
  if (size <= GRPC_SLICE_INLINED_SIZE) {
    const char* start = reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(chunk_)) + open_;
    slices_.push_back(grpc_slice_from_copied_buffer(start, size));
    used_ = open_;
  } else {
    slices_.push_back(grpc_slice_sub(chunk_, open_, used_));
    open_ = used_;
  }
}

grpc::ByteBuffer Message::TakeBuffer() {
  CloseCopied();
  static_assert(sizeof(grpc::Slice) == sizeof(grpc_slice));
  grpc::ByteBuffer buffer(reinterpret_cast<const grpc::Slice*>(slices_.data()), slices_.size());
  *this = Message();
  return buffer;
}

std::string Message::Flatten() const {
  std::string bytes;
  bytes.reserve(size_);
  for (const grpc_slice& slice : slices_) {
    bytes.append(reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)),
                 GRPC_SLICE_LENGTH(slice));
  }
  if (used_ != open_) {
    bytes.append(reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(chunk_)) + open_,
                 used_ - open_);
  }
  return bytes;
}

}  // namespace kvshim::rpc
