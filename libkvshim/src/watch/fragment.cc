#include "watch/fragment.h"

namespace kvshim::watch {
namespace {

// The header and the other fields beside the events, at most: four numbers of the header, the id,
// the flags.
constexpr size_t kEnvelope = 64;

}  // namespace

size_t FragmentEnd(const Response& response, size_t first, size_t limit) {
  const size_t count = response.events.size();
  if (!response.fragment || first >= count) return count;
  size_t bytes = kEnvelope + response.events[first]->wire_size(response.prev_kv);
  size_t end = first + 1;
  for (; end < count; ++end) {
    bytes += response.events[end]->wire_size(response.prev_kv);
    if (bytes >= limit) break;
  }
  return end;
}

}  // namespace kvshim::watch
