// JobController: runs pods until as many have succeeded as a job asks for, or it has failed.
//
// No pod is counted twice, and none goes uncounted, whoever deletes it and whenever the server
// ends: a pod of a job has a finalizer. When it has ended its uid is written into the job's status;
// then its finalizer is taken away; then the uid becomes a number. A uid whose pod has no finalizer
// any more is one that is still to be added.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controller/controller.h"
#include "controller/dependents.h"
#include "controller/job_indexes.h"
#include "controller/pod_control.h"

namespace kvplane::controller {

class JobController : public Controller {
 public:
  explicit JobController(Environment& environment);

  absl::Status Sync(const std::string& key) override;

 private:
  using Uids = std::set<std::string, std::less<>>;

  // How it ends, as soon as that is known: "Failed" or "Complete".
  struct End {
    std::string type;
    std::string reason;
    std::string message;
    bool known() const { return !type.empty(); }
  };
  // A job and its pods during one look.
  struct Work {
    std::string key;
    json::Object before;  // as the store has it
    json::Object job;     // with the status as it is to be
    std::vector<json::Object> pods;
    std::vector<json::Object> active;
    int64_t terminating = 0;
    bool indexed = false;
    int64_t completions = -1;  // -1: until one succeeds
    int64_t succeeded = 0;
    int64_t failed = 0;
    JobIndexes succeeded_indexes;
    JobIndexes failed_indexes;
    End end;

    json::Object& status();
  };

  static Uids Uncounted(const json::Object& job, std::string_view which);
  void Count(Work& work) const;
  void CountIndexFailures(Work& work) const;
  void Judge(Work& work);
  bool MatchesSuccessPolicy(const Work& work, std::string& message) const;
  void JudgeCompletion(Work& work) const;

  absl::Status Manage(Work& work);
  absl::Status CreatePods(Work& work, int64_t count);
  json::Object PodOf(const json::Object& job) const;
  void GiveIndex(const Work& work, int64_t index, json::Object& pod) const;
  absl::Status DeletePods(Work& work, int64_t count, bool uncounted);
  void Suspend(Work& work);
  // Until the next pod may be made after failures; 0 where it may be at once.
  int64_t BackOff(const Work& work, int64_t index) const;

  absl::Status Track(Work& work);
  void Conclude(Work& work);
  absl::Status WriteStatus(Work& work);
  absl::Status RemoveFinalizer(const std::string& key, const json::Object& pod);
  absl::Status ReleaseStrays(const std::string& key);
  void Tell(Work& work, std::string_view type, bool is_true, std::string_view reason,
            std::string_view message);

  Informer& jobs_;
  Dependents pods_;
  PodControl control_;
};

}  // namespace kvplane::controller
