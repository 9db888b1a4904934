// Recorder: tells people what a controller did, by Events. One that repeats is counted up in the
// event that there is; too many that differ in their message alone become one; too many about one
// object are dropped. Nobody waits for any of it.
//
// Thread safety: every method may be called from any thread. The executor must outlive Stop.
//
//   recorder.Record(deployment, EventType::kNormal, "ScalingReplicaSet", "Scaled up …");
#pragma once

#include <deque>
#include <list>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "api/json.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "controller/client.h"
#include "controller/wall_clock.h"

namespace kvplane::controller {

enum class EventType { kNormal, kWarning };

class Recorder {
 public:
  // `component` is who says it: "deployment-controller".
  Recorder(Client client, std::string component, kvshim::base::Executor& executor,
           kvshim::base::Clock& clock);
  ~Recorder() { Stop(); }

  // `object` is one of the API, with apiVersion, kind and metadata.
  void Record(const json::Object& object, EventType type, std::string_view reason,
              std::string_view message);
  // Drops what is not written yet.
  void Stop();

 private:
  struct Wanted {
    json::Object event;
    std::string group;  // of those that differ in their message alone
    std::string about;  // the object
  };
  // Remembered of an event that was written.
  struct Written {
    std::string name;
    int64_t count = 0;
    json::Value first;
  };
  // Of those alike but for their messages.
  struct Similar {
    kvshim::base::TimePoint last;
    absl::flat_hash_map<std::string, int> messages;
  };
  // How many an object may still have.
  struct Tokens {
    double left = 0;
    kvshim::base::TimePoint at;
  };

  void Run();
  void Write(Wanted wanted);
  bool TakeToken(const std::string& about);
  void Combine(Wanted& wanted);

  const Client client_;
  const std::string component_;
  kvshim::base::Executor& executor_;
  kvshim::base::Clock& clock_;
  const WallClock wall_;

  kvshim::base::Mutex mutex_;
  kvshim::base::Condition ended_;
  std::deque<Wanted> wanted_ GUARDED_BY(mutex_);
  int64_t last_nanos_ GUARDED_BY(mutex_) = 0;  // in the name of the last
  bool running_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;

  // Of the one that runs.
  absl::flat_hash_map<std::string, Written> written_;
  absl::flat_hash_map<std::string, Similar> similar_;
  absl::flat_hash_map<std::string, Tokens> tokens_;
};

}  // namespace kvplane::controller
