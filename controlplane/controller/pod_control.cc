#include "controller/pod_control.h"

#include <utility>

#include "base/strings.h"
#include "controller/controller_reference.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::MutexLock;

namespace {

std::string UidOf(const json::Object& pod) { return std::string(Text(pod, {"metadata", "uid"})); }

}  // namespace

bool IsOfEndingNamespace(const absl::Status& status) {
  if (!registry::HasReason(status, "Forbidden")) return false;
  bool ends = false;
  kinds::ForEach(registry::FailureOf(status).details, {"causes"}, [&](const json::Object& cause) {
    ends |= Text(cause, {"reason"}) == "NamespaceTerminating";
  });
  return ends;
}

PodControl::PodControl(const Client& client, Recorder& recorder, Informer& pods)
    : client_(client), recorder_(recorder), pods_(pods) {
  pods_.AddHandler([this](const Change& change) {
    {
      MutexLock lock(mutex_);
      if (deleted_.empty()) return;
    }
    if (!change.deleted() && !IsBeingDeleted(change.document())) return;
    MutexLock lock(mutex_);
    deleted_.erase(UidOf(change.document()));
  });
}

absl::StatusOr<json::Object> PodControl::Create(const json::Object& owner, json::Object pod) {
  auto created = client_.Create(pods_.kind(), std::move(pod));
  if (created.ok()) {
    recorder_.Record(owner, EventType::kNormal, "SuccessfulCreate",
                     Concat("Created pod: ", Text(*created, {"metadata", "name"})));
  } else if (!IsOfEndingNamespace(created.status())) {
    recorder_.Record(owner, EventType::kWarning, "FailedCreate",
                     Concat("Error creating: ", registry::FailureOf(created.status()).message));
  }
  return created;
}

absl::Status PodControl::Delete(const json::Object& owner, const json::Object& pod) {
  {
    MutexLock lock(mutex_);
    deleted_.insert(UidOf(pod));
  }
  const std::string_view name = Text(pod, {"metadata", "name"});
  const absl::Status status = client_.Delete(
      pods_.kind(), Text(pod, {"metadata", "namespace"}), name,
      {{"preconditions", json::Object{{"uid", json::ToBoost(Text(pod, {"metadata", "uid"}))}}}});
  if (status.ok()) {
    recorder_.Record(owner, EventType::kNormal, "SuccessfulDelete", Concat("Deleted pod: ", name));
    return status;
  }
  {
    MutexLock lock(mutex_);
    deleted_.erase(UidOf(pod));
  }
  // Another of its name is there: it is gone.
  if (registry::HasReason(status, "NotFound") || registry::HasReason(status, "Conflict")) {
    return absl::OkStatus();
  }
  recorder_.Record(owner, EventType::kWarning, "FailedDelete",
                   Concat("Error deleting: ", registry::FailureOf(status).message));
  return status;
}

bool PodControl::IsDeleted(const json::Object& pod) const {
  MutexLock lock(mutex_);
  return deleted_.contains(UidOf(pod));
}

}  // namespace kvplane::controller
