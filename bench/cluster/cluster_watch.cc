#include "cluster_watch.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "base/status.h"
#include "base/strings.h"
#include "clients.h"
#include "https_connection.h"
#include "requests.h"
#include "sent_marks.h"

namespace kvshim::bench {

using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kPatience{30};

// The revision of a list, from which a watch tells all that comes.
absl::StatusOr<std::string> RevisionOf(ClusterServer& server, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string list, AskOnce(server, Get(path + "?limit=1")));
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(list, error);
  const auto* revision = error ? nullptr : value.find_pointer("/metadata/resourceVersion", error);
  if (revision == nullptr || !revision->is_string()) {
    return absl::InternalError("a list has no metadata.resourceVersion");
  }
  return std::string(revision->get_string());
}

}  // namespace

class ClusterWatch::Watcher {
 public:
  explicit Watcher(ClusterWatch& watch)
      : watch_(watch), connection_(watch.io_, watch.server_.tls()) {}

  absl::Status Open(const std::string& request) {
    RETURN_IF_ERROR(connection_.Open(watch_.server_.port()));
    connection_.Ask(
        request,
        [this](std::string_view piece) {
          const Time now = steady_clock::now();
          marks_.Read(piece, [&](std::chrono::nanoseconds sent) {
            ++watch_.seen_;
            watch_.recorder_.Add(now.time_since_epoch() - sent, now);
          });
        },
        [this](const absl::Status& status, unsigned code) {
          if (watch_.closing_) return;
          watch_.status_.Update(status.ok() ? absl::UnavailableError(base::Concat(
                                                  "a watch ended, with the status ", code))
                                            : status);
        });
    return absl::OkStatus();
  }

  void Close() { connection_.Close(); }

 private:
  ClusterWatch& watch_;
  HttpsConnection connection_;
  SentMarks marks_;
};

class ClusterWatch::Writer {
 public:
  explicit Writer(ClusterWatch& watch)
      : watch_(watch), connection_(watch.io_, watch.server_.tls()) {}

  absl::Status Open() { return connection_.Open(watch_.server_.port()); }
  void Close() { connection_.Close(); }
  bool is_free() const { return free_; }

  void Start(std::string request) {
    free_ = false;
    connection_.Ask(
        std::move(request), [](std::string_view) {},
        [this](const absl::Status& status, unsigned code) {
          free_ = true;
          if (watch_.closing_) return;
          watch_.status_.Update(status);
          if (status.ok() && code != 200) {
            watch_.status_.Update(
                absl::UnavailableError(base::Concat("a write was answered with ", code)));
          }
          const bool more = watch_.written_ < watch_.load_.writes && watch_.status_.ok();
          if (more && watch_.load_.writes_per_second == 0) watch_.Write(*this, steady_clock::now());
        });
  }

 private:
  ClusterWatch& watch_;
  HttpsConnection connection_;
  bool free_ = true;
};

ClusterWatch::ClusterWatch(ClusterServer& server, const WatchLoad& load)
    : server_(server), load_(load) {}

ClusterWatch::~ClusterWatch() {
  closing_ = true;
  for (const auto& watcher : watchers_) watcher->Close();
  for (const auto& writer : writers_) writer->Close();
  io_.restart();
  io_.poll();
}

absl::StatusOr<Result> ClusterWatch::Run(ClusterServer& server, const WatchLoad& load) {
  ClusterWatch watch(server, load);
  RETURN_IF_ERROR(watch.Open());
  return watch.Measure();
}

absl::Status ClusterWatch::Open() {
  ASSIGN_OR_RETURN(const std::string revision, RevisionOf(server_, load_.path));
  const std::string request = Get(
      base::Concat(load_.path, "?watch=true&allowWatchBookmarks=true&resourceVersion=", revision),
      load_.accept);
  for (int i = 0; i < load_.watchers; ++i) {
    watchers_.push_back(std::make_unique<Watcher>(*this));
    RETURN_IF_ERROR(watchers_.back()->Open(request));
  }
  for (int i = 0; i < load_.writers; ++i) {
    writers_.push_back(std::make_unique<Writer>(*this));
    RETURN_IF_ERROR(writers_.back()->Open());
  }
  // What each of them has been told of is a watch that stands.
  written_ = load_.writes;
  Write(*writers_.front(), steady_clock::now());
  RETURN_IF_ERROR(Await(1));
  while (status_.ok() && !writers_.front()->is_free()) io_.run_one_for(kPatience);
  written_ = 0;
  seen_ = 0;
  return status_;
}

void ClusterWatch::Write(Writer& writer, Time due) {
  const std::string& name = load_.names[static_cast<size_t>(written_++) % load_.names.size()];
  writer.Start(Patch(base::Concat(load_.path, "/", name),
                     base::Concat(R"({"metadata":{"annotations":{"bench/sent":")",
                                  SentMarks::Of(due.time_since_epoch()), R"("}}})")));
}

absl::StatusOr<Result> ClusterWatch::Measure() {
  Meter meter(server_.processes());
  RETURN_IF_ERROR(meter.Begin());
  recorder_.Begin();
  if (load_.writes_per_second > 0) {
    Steady(steady_clock::now());
  } else {
    for (const auto& writer : writers_) Write(*writer, steady_clock::now());
  }
  RETURN_IF_ERROR(Await(static_cast<uint64_t>(load_.writes)));
  recorder_.End();
  RETURN_IF_ERROR(meter.End());
  return MakeResult(recorder_, meter);
}

void ClusterWatch::Steady(Time begin) {
  while (status_.ok() && written_ < load_.writes) {
    const Time due = begin + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::duration<double>(written_ / load_.writes_per_second));
    const auto writer =
        std::ranges::find_if(writers_, [](const auto& one) { return one->is_free(); });
    // Without a free writer the next answer wakes us; the write then counts from when it was due.
    const Time now = steady_clock::now();
    if (writer != writers_.end() && due <= now) {
      Write(**writer, due);
      continue;
    }
    io_.run_one_until(writer == writers_.end() ? now + kPatience : due);
  }
}

absl::Status ClusterWatch::Await(uint64_t events) {
  const uint64_t wanted = events * watchers_.size();
  const Time deadline = steady_clock::now() + kPatience;
  while (status_.ok() && seen_ < wanted) {
    io_.run_one_until(deadline);
    if (steady_clock::now() > deadline) {
      return absl::DeadlineExceededError(
          base::Concat(wanted - seen_, " of ", wanted, " events did not come"));
    }
  }
  return status_;
}

}  // namespace kvshim::bench
