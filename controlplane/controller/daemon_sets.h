// DaemonSetController: keeps one pod of each daemon set on every node that it fits.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "controller/controller.h"
#include "controller/dependents.h"
#include "controller/pod_control.h"
#include "controller/revision_history.h"

namespace kvplane::controller {

class DaemonSetController : public Controller {
 public:
  explicit DaemonSetController(Environment& environment);

  absl::Status Sync(const std::string& key) override;

 private:
  struct Place {
    std::string node;
    bool runs = false;               // a pod is to be here
    bool stays = false;              // one that is here already may stay
    std::vector<json::Object> pods;  // that are not being deleted, oldest first
  };
  // A set and its places during one look.
  struct Work {
    std::string key;
    json::Object before;  // as the store has it
    json::Object set;     // with the status as it is to be
    std::string hash;     // of the newest template
    std::vector<Place> places;
  };
  struct Failures {
    int64_t pause = 0;
    kvshim::base::TimePoint again;
  };

  std::vector<Place> PlacesOf(const json::Object& set, const std::vector<json::Object>& pods) const;
  absl::Status Manage(Work& work);
  absl::Status ManagePlace(Work& work, Place& place);
  absl::Status Update(Work& work);
  absl::Status Surge(Work& work, int64_t surge);
  absl::Status Create(Work& work, const std::string& node);
  absl::Status Delete(Work& work, Place& place, size_t pod);
  bool IsNew(const Work& work, const json::Object& pod) const;
  bool IsWell(const Work& work, const json::Object& pod) const;
  bool MayReplace(const Work& work, const std::string& node);
  void Count(Work& work);

  Informer& sets_;
  Informer& nodes_;
  Dependents pods_;
  PodControl control_;
  RevisionHistory history_;

  kvshim::base::Mutex mutex_;
  // By set and node.
  std::map<std::string, Failures, std::less<>> failures_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::controller
