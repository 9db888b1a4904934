// Splitting one response over several messages, for clients that asked for it. The hub hands the
// sink all events of a revision at once; the sink, which knows the transport's limit, splits:
//
//   size_t first = 0;
//   do {
//     const size_t last = FragmentEnd(response, first, limit);
//     Write(response.events.subspan(first, last - first), /*fragment=*/last < events.size());
//     first = last;
//   } while (first < response.events.size());
//
// etcd's limit is the largest request plus 512 KiB; every part but the last carries fragment=true.
#pragma once

#include <cstddef>

#include "watch/response.h"

namespace kvshim::watch {

// The end of the longest run of events from `first` on whose message is below `limit` bytes; at
// least one event. All of them where the response does not allow splitting.
size_t FragmentEnd(const Response& response, size_t first, size_t limit);

}  // namespace kvshim::watch
