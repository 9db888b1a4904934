#include "rpc/message.h"

#include <algorithm>
#include <cstring>
#include <utility>

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

Message::Message(Message&& other) noexcept
    : pieces_(std::move(other.pieces_)),
      first_(std::exchange(other.first_, 0)),
      chunks_(std::move(other.chunks_)),
      free_(other.free_),
      free_size_(std::exchange(other.free_size_, 0)),
      size_(std::exchange(other.size_, 0)),
      next_chunk_(other.next_chunk_) {
  other.pieces_.clear();
  other.chunks_.clear();
}

Message& Message::operator=(Message&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}

Message::~Message() {
  for (size_t i = first_; i < pieces_.size(); ++i) {
    if (pieces_[i].release != nullptr) pieces_[i].release(pieces_[i].owner);
  }
}

void Message::AppendCopy(std::string_view bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    if (free_size_ == 0) NewChunk(bytes.size());
    const size_t fits = std::min(bytes.size(), free_size_);
    std::memcpy(free_, bytes.data(), fits);
    if (!pieces_.empty() && pieces_.back().data + pieces_.back().size == free_ &&
        pieces_.back().release == nullptr && first_ < pieces_.size()) {
      pieces_.back().size += fits;
    } else {
      pieces_.push_back({free_, fits, nullptr, nullptr});
    }
    free_ += fits;
    free_size_ -= fits;
    bytes.remove_prefix(fits);
  }
}

void Message::AppendShared(std::string_view bytes, void* owner, void (*release)(void* owner)) {
  if (bytes.empty()) return release(owner);
  size_ += bytes.size();
  pieces_.push_back({bytes.data(), bytes.size(), owner, release});
}

void Message::NewChunk(size_t at_least) {
  // Chunks grow with the message, so that a large one consists of few.
  const size_t grown = std::min(std::max(next_chunk_, kFirstChunk), kLargestChunk);
  free_size_ = std::max({at_least, next_chunk_ > kLargestChunk ? next_chunk_ : 0, grown});
  chunks_.push_back(std::make_unique_for_overwrite<char[]>(free_size_));
  free_ = chunks_.back().get();
  next_chunk_ = std::min(grown * 4, kLargestChunk);
}

size_t Message::Take(char* out, size_t most) {
  size_t taken = 0;
  while (taken < most && first_ < pieces_.size()) {
    Piece& piece = pieces_[first_];
    const size_t count = std::min(piece.size, most - taken);
    std::memcpy(out + taken, piece.data, count);
    taken += count;
    piece.data += count;
    piece.size -= count;
    if (piece.size != 0) break;
    ++first_;
    if (piece.release != nullptr) piece.release(piece.owner);
  }
  size_ -= taken;
  return taken;
}

std::string Message::Flatten() const {
  std::string bytes;
  bytes.reserve(size_);
  for (size_t i = first_; i < pieces_.size(); ++i) bytes.append(pieces_[i].data, pieces_[i].size);
  return bytes;
}

}  // namespace kvshim::rpc
