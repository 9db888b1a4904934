#include "controller/dependents.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "controller/controller_reference.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

// The namespace of what nobody controls.
std::vector<std::string> NamespaceOfOrphan(const json::Object& object) {
  if (ControllerOf(object) != nullptr) return {};
  return {std::string(Text(object, {"metadata", "namespace"}))};
}

const Index kOrphans{"orphan", NamespaceOfOrphan};

const json::Object& LabelsOf(const json::Object& object) {
  static const json::Object kNone;
  const json::Object* labels = kinds::FindObject(object, {"metadata", "labels"});
  return labels == nullptr ? kNone : *labels;
}

bool IsGone(const absl::Status& status) {
  // Invalid or a conflict of uids: it has become another object, or is another's already.
  return registry::HasReason(status, "NotFound") || registry::HasReason(status, "Invalid") ||
         registry::HasReason(status, "Conflict");
}

}  // namespace

absl::StatusOr<api::LabelSelector> SelectorOf(const json::Object& owner) {
  const json::Object* selector = kinds::FindObject(owner, {"spec", "selector"});
  if (selector == nullptr) return api::LabelSelector::Nothing();
  if (Text(owner, {"kind"}) == "ReplicationController") {
    return api::LabelSelector::FromLabels(*selector);
  }
  return api::LabelSelector::FromJson(json::Value(*selector));
}

Dependents::Dependents(Informer& owners, Informer& objects) : owners_(owners), objects_(objects) {
  objects_.AddIndex(kByController);
  objects_.AddIndex(kOrphans);
}

void Dependents::Follow(Hear hear) {
  objects_.AddHandler([this, hear = std::move(hear)](const Change& change) {
    if (!change.added() && !change.deleted()) {
      const json::Object* before = ControllerOf(change.old_document());
      const json::Object* after = ControllerOf(change.document());
      // Whose it was learns that it is no more.
      if (before != nullptr &&
          (after == nullptr || Text(*before, {"uid"}) != Text(*after, {"uid"}))) {
        HearOf(change.old_document(), change, hear);
      }
    }
    HearOf(change.document(), change, hear);
  });
}

void Dependents::HearOf(const json::Object& object, const Change& change, const Hear& hear) const {
  const std::string name_space(Text(object, {"metadata", "namespace"}));
  if (const json::Object* reference = ControllerOf(object)) {
    if (Text(*reference, {"kind"}) == owners_.kind().name &&
        kinds::GroupOf(Text(*reference, {"apiVersion"})) == owners_.kind().group) {
      hear(Concat(name_space, "/", Text(*reference, {"name"})), change);
    }
    return;
  }
  if (change.deleted() || LabelsOf(object).empty()) return;
  for (const StoredObjectPtr& owner : owners_.List(name_space)) {
    const auto selector = SelectorOf(owner->Parse());
    if (selector.ok() && !selector->MatchesEverything() && selector->Matches(LabelsOf(object))) {
      hear(std::string(owners_.KeyOf(*owner)), change);
    }
  }
}

std::vector<json::Object> Dependents::Of(const json::Object& owner) const {
  std::vector<json::Object> found;
  for (const StoredObjectPtr& object :
       objects_.Find(kByController, std::string(Text(owner, {"metadata", "uid"})))) {
    found.push_back(object->Parse());
  }
  std::sort(found.begin(), found.end(), [](const json::Object& a, const json::Object& b) {
    return Text(a, {"metadata", "name"}) < Text(b, {"metadata", "name"});
  });
  return found;
}

absl::StatusOr<std::vector<json::Object>> Dependents::Claim(const Client& client,
                                                            const json::Object& owner,
                                                            const api::LabelSelector& selector,
                                                            const Claims& claims) const {
  const bool ends = IsBeingDeleted(owner);
  std::vector<json::Object> claimed;
  for (json::Object& object : Of(owner)) {
    if (selector.Matches(LabelsOf(object)) && claims.fits(object)) {
      claimed.push_back(std::move(object));
    } else if (!ends) {
      RETURN_IF_ERROR(Release(client, owner, object));
    }
  }
  if (ends) return claimed;
  std::optional<absl::Status> may_adopt;
  for (const StoredObjectPtr& orphan :
       objects_.Find(kOrphans, std::string(Text(owner, {"metadata", "namespace"})))) {
    if (!selector.Matches(orphan->labels())) continue;
    const json::Object object = orphan->Parse();
    if (IsBeingDeleted(object) || !claims.fits(object)) continue;
    if (!may_adopt.has_value()) {
      // What the informer holds may be older: one that is going adopts nothing.
      const auto now = client.Get(owners_.kind(), Text(owner, {"metadata", "namespace"}),
                                  Text(owner, {"metadata", "name"}));
      may_adopt = now.status();
      if (now.ok() && (Text(*now, {"metadata", "uid"}) != Text(owner, {"metadata", "uid"}) ||
                       IsBeingDeleted(*now))) {
        may_adopt = absl::CancelledError("it is being deleted, or another one already");
      }
    }
    if (!may_adopt->ok()) return *may_adopt;
    auto adopted = Adopt(client, owner, object, claims.finalizer);
    if (IsGone(adopted.status())) continue;
    if (!adopted.ok()) return adopted.status();
    claimed.push_back(*std::move(adopted));
  }
  return claimed;
}

absl::StatusOr<json::Object> Dependents::Adopt(const Client& client, const json::Object& owner,
                                               const json::Object& object,
                                               std::string_view finalizer) const {
  json::Object metadata{{"uid", json::ToBoost(Text(object, {"metadata", "uid"}))},
                        {"ownerReferences", json::Array{ControllerReference(owner)}}};
  if (!finalizer.empty()) metadata["finalizers"] = json::Array{json::ToBoost(finalizer)};
  return client.Patch(objects_.kind(), Text(object, {"metadata", "namespace"}),
                      Text(object, {"metadata", "name"}), {{"metadata", std::move(metadata)}});
}

absl::Status Dependents::Release(const Client& client, const json::Object& owner,
                                 const json::Object& object) const {
  const json::Object reference{{"$patch", "delete"},
                               {"uid", json::ToBoost(Text(owner, {"metadata", "uid"}))}};
  json::Object metadata{{"uid", json::ToBoost(Text(object, {"metadata", "uid"}))},
                        {"ownerReferences", json::Array{reference}}};
  const absl::Status status =
      client
          .Patch(objects_.kind(), Text(object, {"metadata", "namespace"}),
                 Text(object, {"metadata", "name"}), {{"metadata", std::move(metadata)}})
          .status();
  return IsGone(status) ? absl::OkStatus() : status;
}

}  // namespace kvplane::controller
