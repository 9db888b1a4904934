// KeyRange: the keys a request names, with etcd's conventions resolved once.
//
//   KeyRange range("a", "");      the key "a"
//   KeyRange range("a", "c");     a <= key < c
//   KeyRange range("a", {"\0",1}) every key >= "a"
#pragma once

#include <string>
#include <string_view>

namespace kvshim::mvcc {

class KeyRange {
 public:
  KeyRange(std::string_view key, std::string_view range_end)
      : begin_(key),
        single_(range_end.empty()),
        unbounded_(range_end.size() == 1 && range_end[0] == '\0') {
    if (!single_ && !unbounded_) end_ = range_end;
  }

  const std::string& begin() const { return begin_; }
  // The first key past the range; meaningful only where neither single nor unbounded.
  const std::string& end() const { return end_; }
  bool is_single() const { return single_; }
  bool is_unbounded() const { return unbounded_; }
  // True where no key can be in it (begin >= end).
  bool is_empty() const { return !single_ && !unbounded_ && begin_ >= end_; }

  bool Contains(std::string_view key) const {
    if (single_) return key == begin_;
    return key >= begin_ && (unbounded_ || key < end_);
  }

 private:
  std::string begin_;
  std::string end_;
  bool single_;
  bool unbounded_;
};

}  // namespace kvshim::mvcc
