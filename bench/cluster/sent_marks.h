// When the writes that a stream of events tells of were sent: each writes a mark with its time into
// an annotation. Marks are found as bytes, whatever form the events have and wherever they are cut.
//
// Thread safety: none.
//
//   SentMarks marks;
//   marks.Read(piece, [](std::chrono::nanoseconds sent) { ... });
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace kvshim::bench {

class SentMarks {
 public:
  // A text that letters and digits alone make up.
  static std::string Of(std::chrono::nanoseconds sent);

  // Calls `found` for each mark that is complete with this piece.
  void Read(std::string_view piece, const std::function<void(std::chrono::nanoseconds)>& found);

 private:
  std::string rest_;  // of what was read: a mark may have begun there
};

}  // namespace kvshim::bench
