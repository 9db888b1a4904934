#include "controller/namespaces.h"

#include <algorithm>
#include <chrono>

#include "base/status.h"
#include "base/strings.h"
#include "controller/conditions.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/stored_form.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kFinalizer = "kubernetes";
// What something other than a pod may need to go.
constexpr int64_t kFinalizerSeconds = 2;

bool IsTerminating(const json::Object& name_space) {
  return kinds::Has(name_space, {"metadata", "deletionTimestamp"});
}

bool IsHeldByUs(const json::Object& name_space) {
  const json::Array* finalizers = kinds::FindArray(name_space, {"spec", "finalizers"});
  return finalizers != nullptr &&
         std::find(finalizers->begin(), finalizers->end(),
                   json::Value(json::ToBoost(kFinalizer))) != finalizers->end();
}

json::Object Condition(std::string_view type, bool is_true, std::string_view reason,
                       std::string_view message) {
  return {{"type", json::ToBoost(type)},
          {"status", is_true ? "True" : "False"},
          {"reason", json::ToBoost(reason)},
          {"message", json::ToBoost(message)}};
}

// "pods. has 2 resource instances, secrets. has 1 resource instances"
std::string Count(const std::map<std::string, int>& counts, std::string_view verb,
                  std::string_view what) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += Concat(text.empty() ? "" : ", ", name, verb, count, what);
  }
  return text;
}

}  // namespace

NamespaceController::NamespaceController(Environment& environment)
    : Controller(environment, {.name = "namespace-controller", .concurrency = 10}),
      namespaces_(environment.informers.Of("v1", "namespaces")),
      pods_(environment.informers.Of("v1", "pods")) {
  namespaces_.AddHandler([this](const Change& change) {
    if (!change.deleted() && IsTerminating(change.document())) queue().Add(change.key());
  });
  // The last pod's end is what most namespaces wait for.
  pods_.AddHandler([this](const Change& change) {
    if (!change.deleted()) return;
    const std::string name = change.key().substr(0, change.key().find('/'));
    const StoredObjectPtr name_space = namespaces_.Get(name);
    if (name_space != nullptr && IsTerminating(name_space->Parse())) queue().Add(name);
  });
}

absl::Status NamespaceController::Sync(const std::string& key) {
  const StoredObjectPtr known = namespaces_.Get(key);
  if (known == nullptr) return absl::OkStatus();
  const json::Object name_space = known->Parse();
  if (!IsTerminating(name_space) || !IsHeldByUs(name_space)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Content content, DeleteContent(key));
  if (content.empty()) return Finalize(key);
  RETURN_IF_ERROR(TellWhatIsLeft(key, content));
  if (!content.failures.empty()) return absl::UnavailableError(content.failures);
  queue().AddAfter(key, std::chrono::seconds(content.grace_seconds / 2 + 1));
  return absl::OkStatus();
}

// Pods first, and all else once they are gone: what they may need to end well stays so long.
absl::StatusOr<NamespaceController::Content> NamespaceController::DeleteContent(
    const std::string& name_space) {
  Content content;
  ASSIGN_OR_RETURN(const int64_t revision, environment().registry.CurrentRevision());
  RETURN_IF_ERROR(DeleteKind(pods_.kind(), name_space, revision, content));
  if (!content.empty()) return content;
  for (const kinds::Kind& kind : environment().kinds.kinds()) {
    if (!kind.namespaced || &kind == &pods_.kind()) continue;
    RETURN_IF_ERROR(DeleteKind(kind, name_space, revision, content));
  }
  return content;
}

absl::Status NamespaceController::DeleteKind(const kinds::Kind& kind, const std::string& name_space,
                                             int64_t revision, Content& content) {
  registry::Registry& registry = environment().registry;
  const std::string prefix = registry::PrefixOf(kind, name_space);
  ASSIGN_OR_RETURN(const auto before, registry.CacheOf(kind).List(prefix, revision));
  if (before.objects.empty()) return absl::OkStatus();
  const absl::Status deleted = client().DeleteCollection(kind, name_space);
  if (!deleted.ok()) {
    content.failures +=
        Concat(content.failures.empty() ? "" : ", ", registry::FailureOf(deleted).message);
  }
  ASSIGN_OR_RETURN(const int64_t now, registry.CurrentRevision());
  ASSIGN_OR_RETURN(const auto left, registry.CacheOf(kind).List(prefix, now));
  for (const StoredObjectPtr& stored : left.objects) {
    const json::Object object = stored->Parse();
    ++content.resources[Concat(kind.plural, ".", kind.group)];
    if (const json::Array* held = kinds::FindArray(object, {"metadata", "finalizers"})) {
      for (const json::Value& one : *held) ++content.finalizers[kinds::Plain(one)];
    }
    const int64_t grace =
        kinds::Integer(object, {"metadata", "deletionGracePeriodSeconds"}, kFinalizerSeconds);
    content.grace_seconds =
        std::max(content.grace_seconds, kind.graceful ? grace : kFinalizerSeconds);
  }
  return absl::OkStatus();
}

absl::Status NamespaceController::TellWhatIsLeft(const std::string& name, const Content& content) {
  const std::string now = environment().wall.Text();
  const auto edit = [&](json::Object& name_space) {
    json::Object& status = kinds::Child(name_space, "status");
    kinds::Set(status, "phase", "Terminating");
    SetCondition(status,
                 Condition("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
                           "All resources successfully discovered"),
                 now);
    SetCondition(status,
                 Condition("NamespaceDeletionGroupVersionParsingFailure", false,
                           "ParsedGroupVersions", "All legacy kube types successfully parsed"),
                 now);
    SetCondition(
        status,
        content.failures.empty()
            ? Condition("NamespaceDeletionContentFailure", false, "ContentDeleted",
                        "All content successfully deleted, may be waiting on finalization")
            : Condition("NamespaceDeletionContentFailure", true, "ContentDeletionFailed",
                        Concat("Failed to delete all resource types, ", content.resources.size(),
                               " remaining: ", content.failures)),
        now);
    SetCondition(status,
                 Condition("NamespaceContentRemaining", true, "SomeResourcesRemain",
                           Concat("Some resources are remaining: ",
                                  Count(content.resources, " has ", " resource instances"))),
                 now);
    SetCondition(status,
                 content.finalizers.empty()
                     ? Condition("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers",
                                 "All content-preserving finalizers finished")
                     : Condition("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
                                 Concat("Some content in the namespace has finalizers remaining: ",
                                        Count(content.finalizers, " in ", " resource instances"))),
                 now);
  };
  return client().Change(namespaces_.kind(), "", name, "status", edit).status();
}

absl::Status NamespaceController::Finalize(const std::string& name) {
  const auto edit = [](json::Object& name_space) {
    json::Array* finalizers = kinds::FindArray(name_space, {"spec", "finalizers"});
    if (finalizers == nullptr) return;
    finalizers->erase(
        std::remove(finalizers->begin(), finalizers->end(), json::Value(json::ToBoost(kFinalizer))),
        finalizers->end());
  };
  const absl::Status status =
      client().Change(namespaces_.kind(), "", name, "finalize", edit).status();
  return registry::HasReason(status, "NotFound") ? absl::OkStatus() : status;
}

}  // namespace kvplane::controller
