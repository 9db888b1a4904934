// Outbox: what goes to a socket in one go: bytes that are copied in, and pieces that are sent from
// where they lie.
//
// Thread safety: none.
//
//   outbox.AppendCopy(frame_header);
//   message.Take(length, outbox);
//   if (outbox.Send(fd) == Outbox::Sent::kSome) outbox.MoveTo(unsent);
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/piece.h"

namespace kvshim::rpc {

class Outbox {
 public:
  Outbox() = default;
  ~Outbox() { Clear(); }
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  void AppendCopy(std::string_view bytes);
  void AppendShared(const Piece& piece);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // kSome: the socket has no room for the rest, which is kept.
  enum class Sent { kAll, kSome, kFailed };
  Sent Send(int fd);

  // Moves everything to `out`, which is empty, and holds no more memory than that needs.
  void MoveTo(Outbox& out);
  // Copies everything to the end of `out`.
  void FlattenTo(std::string& out) const;
  // Gives everything up. The memory of copied bytes is kept for others.
  void Clear();

 private:
  void Drop(size_t count);

  // Those without data of their own follow one another in copied_.
  std::vector<Piece> pieces_;
  size_t first_ = 0;  // of pieces_, the others are sent
  std::string copied_;
  size_t copied_sent_ = 0;
  size_t size_ = 0;
};

}  // namespace kvshim::rpc
