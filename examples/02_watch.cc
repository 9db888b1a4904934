// A watch: first what has happened already, then what happens, in order and without a gap.
//
//   02_watch PATH    PATH: the SQLite file, made where it is missing
//
// Prints:
//   2: put /job/1 = queued
//   3: put /job/1 = running
//   4: delete /job/1 (was running)
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>

#include "kvshim/store.h"

namespace {

void Print(const kvshim::WatchEvent& event) {
  const std::string key(event.kv.key());
  const auto revision = static_cast<long long>(event.kv.mod_revision());
  if (event.is_delete()) {
    std::printf("%lld: delete %s (was %s)\n", revision, key.c_str(),
                std::string(event.prev_kv.value()).c_str());
  } else {
    std::printf("%lld: put %s = %s\n", revision, key.c_str(),
                std::string(event.kv.value()).c_str());
  }
}

absl::Status Run(const std::string& path) {
  auto opened = kvshim::Store::Open("sqlite://" + path, {});
  if (!opened.ok()) return opened.status();
  kvshim::Store& store = **opened;

  auto queued = store.Put({.key = "/job/1", .value = "queued"});
  if (!queued.ok()) return queued.status();

  std::mutex mutex;
  std::condition_variable changed;
  int seen = 0;
  auto watch = store.StartWatch(
      {.key = "/job/", .range_end = "/job0", .start_revision = queued->revision, .prev_kv = true},
      [&](const kvshim::WatchResponse& response) {
        std::lock_guard<std::mutex> lock(mutex);
        for (const kvshim::WatchEvent& event : response.events) {
          Print(event);
          ++seen;
        }
        changed.notify_one();
      });
  if (!watch.ok()) return watch.status();

  if (auto put = store.Put({.key = "/job/1", .value = "running"}); !put.ok()) return put.status();
  if (auto gone = store.DeleteRange({.key = "/job/1"}); !gone.ok()) return gone.status();

  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return seen == 3; });
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status status = Run(argc > 1 ? argv[1] : "example.db");
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
