// DeploymentController: brings the pods of a deployment from one template to the next, by replica
// sets: one for each template, the newest of which grows while the others shrink.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "controller/dependents.h"
#include "controller/rollout.h"

namespace kvplane::controller {

class DeploymentController : public Controller {
 public:
  explicit DeploymentController(Environment& environment);

  absl::Status Sync(const std::string& key) override;

 private:
  // A deployment and its sets during one look.
  struct Rollout {
    std::string key;
    json::Object before;      // as the store has it
    json::Object deployment;  // with the status as it is to be
    json::Object current;     // of the newest template; empty where there is none
    ReplicaSets old;          // oldest first

    bool has_current() const { return !current.empty(); }
    const json::Object* current_or_null() const { return has_current() ? &current : nullptr; }
    ReplicaSets all() const {
      ReplicaSets sets = old;
      if (has_current()) sets.push_back(current);
      return sets;
    }
  };

  absl::Status Advance(Rollout& rollout);
  void TellPause(Rollout& rollout);
  absl::Status Number(Rollout& rollout);
  absl::Status TakeRevision(Rollout& rollout, int64_t revision);
  absl::Status CreateCurrent(Rollout& rollout);
  bool IsScaled(const Rollout& rollout) const;
  absl::Status ScaleAll(Rollout& rollout);
  absl::Status ScaleByShares(Rollout& rollout);
  absl::Status Roll(Rollout& rollout);
  absl::StatusOr<bool> ShrinkOld(Rollout& rollout);
  absl::Status Recreate(Rollout& rollout);
  bool HasOldPods(const Rollout& rollout) const;
  // Whether it changed the number.
  absl::StatusOr<bool> Scale(Rollout& rollout, json::Object& set, int64_t replicas);
  absl::Status Clean(Rollout& rollout);
  absl::Status WriteStatus(Rollout& rollout);

  Informer& deployments_;
  Informer& pods_;
  Dependents sets_;
};

}  // namespace kvplane::controller
