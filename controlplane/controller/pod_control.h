// PodControl: makes and deletes the pods of a controller's objects, and tells of it by events.
//
// Thread safety: made before the informers start; then every method from any thread that may wait.
//
//   PodControl control(client(), recorder(), environment.informers.Of("v1", "pods"));
//   ASSIGN_OR_RETURN(json::Object pod, control.Create(replica_set, PodFromTemplate(replica_set)));
#pragma once

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "controller/client.h"
#include "controller/informer.h"
#include "controller/recorder.h"

namespace kvplane::controller {

// A namespace that is being deleted takes nothing any more: what cannot be made there need not be.
bool IsOfEndingNamespace(const absl::Status& status);

class PodControl {
 public:
  PodControl(const Client& client, Recorder& recorder, Informer& pods);

  absl::StatusOr<json::Object> Create(const json::Object& owner, json::Object pod);
  // One that is gone already is well.
  absl::Status Delete(const json::Object& owner, const json::Object& pod);
  // Whether it was asked to go, though the informer may not tell yet.
  bool IsDeleted(const json::Object& pod) const;

 private:
  const Client& client_;
  Recorder& recorder_;
  Informer& pods_;

  mutable kvshim::base::Mutex mutex_;
  absl::flat_hash_set<std::string> deleted_ GUARDED_BY(mutex_);  // uids, until the informer tells
};

}  // namespace kvplane::controller
