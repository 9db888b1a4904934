#include "rpc/message.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace kvshim::rpc {
namespace {

constexpr size_t kFirstChunk = 256;
constexpr size_t kLargestChunk = size_t{64} << 10;

}  // namespace

// The bytes follow it.
struct Message::Chunk {
  uint32_t references = 1;

  static const Ownership kOwnership;

  static Chunk* Make(size_t size) { return new (::operator new(sizeof(Chunk) + size)) Chunk; }
  static void Retain(void* chunk) { ++static_cast<Chunk*>(chunk)->references; }
  static void Release(void* chunk) {
    if (--static_cast<Chunk*>(chunk)->references == 0) ::operator delete(chunk);
  }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};

const Ownership Message::Chunk::kOwnership{&Chunk::Retain, &Chunk::Release};

Message Message::Copy(std::string_view bytes) {
  Message message(bytes.size());
  message.AppendCopy(bytes);
  return message;
}

Message::Message(Message&& other) noexcept
    : pieces_(std::move(other.pieces_)),
      first_(std::exchange(other.first_, 0)),
      chunk_(std::exchange(other.chunk_, nullptr)),
      free_(other.free_),
      free_size_(std::exchange(other.free_size_, 0)),
      size_(std::exchange(other.size_, 0)),
      next_chunk_(other.next_chunk_) {
  other.pieces_.clear();
}

Message& Message::operator=(Message&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}

Message::~Message() {
  for (size_t i = first_; i < pieces_.size(); ++i) pieces_[i].Release();
  if (chunk_ != nullptr) Chunk::Release(chunk_);
}

void Message::AppendCopy(std::string_view bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    if (free_size_ == 0) NewChunk(bytes.size());
    const size_t fits = std::min(bytes.size(), free_size_);
    std::memcpy(free_, bytes.data(), fits);
    if (first_ < pieces_.size() && pieces_.back().owner == chunk_) {
      pieces_.back().size += fits;
    } else {
      Chunk::Retain(chunk_);
      pieces_.push_back({free_, fits, chunk_, &Chunk::kOwnership});
    }
    free_ += fits;
    free_size_ -= fits;
    bytes.remove_prefix(fits);
  }
}

void Message::AppendShared(std::string_view bytes, void* owner, const Ownership& ownership) {
  if (bytes.empty()) return ownership.release(owner);
  size_ += bytes.size();
  pieces_.push_back({bytes.data(), bytes.size(), owner, &ownership});
}

void Message::NewChunk(size_t at_least) {
  // Chunks grow with the message, so that a large one consists of few.
  const size_t grown = std::min(std::max(next_chunk_, kFirstChunk), kLargestChunk);
  free_size_ = std::max({at_least, next_chunk_ > kLargestChunk ? next_chunk_ : 0, grown});
  if (chunk_ != nullptr) Chunk::Release(chunk_);
  chunk_ = Chunk::Make(free_size_);
  free_ = chunk_->bytes();
  next_chunk_ = std::min(grown * 4, kLargestChunk);
}

void Message::Take(size_t count, Outbox& out) {
  size_ -= count;
  while (count > 0) {
    Piece& piece = pieces_[first_];
    const size_t part = std::min(piece.size, count);
    const bool is_whole = part == piece.size;
    count -= part;
    if (part < kShareThreshold) {
      out.AppendCopy({piece.data, part});
      if (is_whole) piece.Release();
    } else {
      if (!is_whole) piece.ownership->retain(piece.owner);
      out.AppendShared({piece.data, part, piece.owner, piece.ownership});
    }
    if (is_whole) {
      ++first_;
    } else {
      piece.data += part;
      piece.size -= part;
    }
  }
}

std::string Message::Flatten() const {
  std::string bytes;
  bytes.reserve(size_);
  for (size_t i = first_; i < pieces_.size(); ++i) bytes.append(pieces_[i].data, pieces_[i].size);
  return bytes;
}

}  // namespace kvshim::rpc
