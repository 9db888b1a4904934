// Oracle: replays what a sink received against the log, and fails where a watcher missed an event,
// saw one twice or out of order, heard of progress ahead of its events, or got part of a revision.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kvshim/watch.h"
#include "recording_sink.h"

namespace kvshim::watch {

class Oracle {
 public:
  explicit Oracle(std::vector<Event> log) : log_(std::move(log)) {}

  // `requests`: by watch id. A canceled watcher need not have got everything.
  void Check(const std::vector<Received>& received,
             const std::map<int64_t, WatchRequest>& requests) {
    struct Seen {
      std::vector<const Event*> expected;
      size_t count = 0;
      bool created = false;
      bool canceled = false;
      bool compacted = false;
    };
    std::map<int64_t, Seen> seen;
    const auto complete_to = [](const Seen& s, int64_t revision) {
      return s.count == s.expected.size() || s.expected[s.count]->revision() > revision;
    };
    for (const Received& r : received) {
      if (r.watch_id == -1) {
        ASSERT_TRUE(r.is_progress()) << r.cancel_reason;
        for (const auto& [id, s] : seen) {
          ASSERT_TRUE(s.canceled || complete_to(s, r.revision)) << "progress ahead of " << id;
        }
        continue;
      }
      ASSERT_TRUE(requests.contains(r.watch_id));
      const WatchRequest& request = requests.at(r.watch_id);
      Seen& s = seen[r.watch_id];
      if (r.created) {
        ASSERT_FALSE(s.created);
        s.created = true;
        s.expected = Expected(request, r.revision);
        continue;
      }
      ASSERT_TRUE(s.created) << "watcher " << r.watch_id;
      if (r.canceled) {
        // What a compaction ended, the client may still cancel; nothing else is canceled twice.
        ASSERT_TRUE(!s.canceled || (s.compacted && r.compact_revision == 0)) << r.watch_id;
        s.compacted = r.compact_revision > 0;
        s.canceled = true;
        continue;
      }
      ASSERT_FALSE(s.canceled) << "watcher " << r.watch_id;
      ASSERT_EQ(r.prev_kv && !r.events.empty(), request.prev_kv && !r.events.empty());
      for (const Event& event : r.events) {
        ASSERT_LT(s.count, s.expected.size()) << "one event too many at " << r.watch_id;
        const Event& expected = *s.expected[s.count++];
        ASSERT_EQ(event.revision(), expected.revision()) << "watcher " << r.watch_id;
        ASSERT_EQ(event.kv().key(), expected.kv().key());
        ASSERT_EQ(event.kv().wire(), expected.kv().wire());
        if (request.prev_kv) {
          ASSERT_EQ(static_cast<bool>(event.prev_kv()), static_cast<bool>(expected.prev_kv()));
          if (event.prev_kv()) {
            ASSERT_EQ(event.prev_kv().wire(), expected.prev_kv().wire());
          }
        }
        ASSERT_LE(event.revision(), r.revision);
      }
      ASSERT_TRUE(complete_to(s, r.revision)) << "header ahead of events at " << r.watch_id;
      if (!r.events.empty()) {
        ASSERT_TRUE(complete_to(s, r.events.back().revision())) << "part of a revision";
      }
    }
    for (const auto& [id, s] : seen) {
      if (!s.canceled) {
        ASSERT_EQ(s.count, s.expected.size()) << "watcher " << id;
      }
      events_ += s.count;
    }
    ASSERT_EQ(seen.size(), requests.size());
  }

  size_t events() const { return events_; }

 private:
  std::vector<const Event*> Expected(const WatchRequest& request, int64_t created_at) const {
    const mvcc::KeyRange range(request.key, request.range_end);
    const int64_t start = request.start_revision == 0 ? created_at + 1 : request.start_revision;
    std::vector<const Event*> expected;
    for (const Event& event : log_) {
      if (event.revision() < start || !range.Contains(event.kv().key())) continue;
      if (event.is_delete() ? request.no_delete : request.no_put) continue;
      expected.push_back(&event);
    }
    return expected;
  }

  std::vector<Event> log_;
  size_t events_ = 0;
};

}  // namespace kvshim::watch
