#include "rpc/outbox.h"

#include <limits.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace kvshim::rpc {

void Outbox::AppendCopy(std::string_view bytes) {
  if (bytes.empty()) return;
  copied_.append(bytes);
  size_ += bytes.size();
  if (first_ < pieces_.size() && pieces_.back().data == nullptr) {
    pieces_.back().size += bytes.size();
  } else {
    pieces_.push_back({nullptr, bytes.size(), nullptr, nullptr});
  }
}

void Outbox::AppendShared(const Piece& piece) {
  size_ += piece.size;
  pieces_.push_back(piece);
}

Outbox::Sent Outbox::Send(int fd) {
  while (size_ > 0) {
    std::array<iovec, IOV_MAX> parts;
    const size_t count = std::min(pieces_.size() - first_, parts.size());
    char* copied = copied_.data() + copied_sent_;
    for (size_t i = 0; i < count; ++i) {
      const Piece& piece = pieces_[first_ + i];
      if (piece.data != nullptr) {
        parts[i] = {const_cast<char*>(piece.data), piece.size};
      } else {
        parts[i] = {copied, piece.size};
        copied += piece.size;
      }
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      Drop(static_cast<size_t>(sent));
    } else if (errno != EINTR) {
      return errno == EAGAIN ? Sent::kSome : Sent::kFailed;
    }
  }
  Clear();
  return Sent::kAll;
}

void Outbox::Drop(size_t count) {
  size_ -= count;
  while (count > 0) {
    Piece& piece = pieces_[first_];
    const size_t part = std::min(piece.size, count);
    count -= part;
    piece.size -= part;
    if (piece.data == nullptr) {
      copied_sent_ += part;
    } else if (piece.size == 0) {
      piece.Release();
    } else {
      piece.data += part;
    }
    if (piece.size == 0) ++first_;
  }
}

void Outbox::MoveTo(Outbox& out) {
  out.pieces_.assign(pieces_.begin() + static_cast<ptrdiff_t>(first_), pieces_.end());
  out.first_ = 0;
  out.copied_ = copied_.substr(copied_sent_);
  out.copied_sent_ = 0;
  out.size_ = std::exchange(size_, 0);
  first_ = pieces_.size();
  Clear();
}

void Outbox::FlattenTo(std::string& out) const {
  size_t copied = copied_sent_;
  for (size_t i = first_; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    if (piece.data != nullptr) {
      out.append(piece.data, piece.size);
    } else {
      out.append(copied_, copied, piece.size);
      copied += piece.size;
    }
  }
}

void Outbox::Clear() {
  for (size_t i = first_; i < pieces_.size(); ++i) {
    if (pieces_[i].data != nullptr) pieces_[i].Release();
  }
  pieces_.clear();
  first_ = 0;
  copied_.clear();
  copied_sent_ = 0;
  size_ = 0;
}

}  // namespace kvshim::rpc
