#include "controller/revision_history.h"

#include <algorithm>
#include <utility>

#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"
#include "controller/controller_reference.h"
#include "controller/pod_template.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Integer;
using kinds::Text;
using kvshim::base::Concat;

// A strategic merge patch that puts the template in the place of any other.
json::Value PatchOf(const json::Object& owner) {
  const json::Object* found = kinds::FindObject(owner, {"spec", "template"});
  json::Object pod_template = found == nullptr ? json::Object() : *found;
  pod_template["$patch"] = "replace";
  return json::Object{{"spec", json::Object{{"template", std::move(pod_template)}}}};
}

bool IsSame(const json::Object& revision, const json::Value& data) {
  const json::Value* its = json::Find(revision, "data");
  return its != nullptr && api::JsonEqual(*its, data);
}

}  // namespace

absl::StatusOr<RevisionHistory::Revisions> RevisionHistory::Claim(
    const json::Object& owner, const api::LabelSelector& selector) const {
  ASSIGN_OR_RETURN(Revisions revisions, revisions_.Claim(client_, owner, selector));
  std::sort(revisions.begin(), revisions.end(), [](const json::Object& a, const json::Object& b) {
    const auto rank = [](const json::Object& one) {
      return std::make_tuple(Integer(one, {"revision"}),
                             Text(one, {"metadata", "creationTimestamp"}),
                             Text(one, {"metadata", "name"}));
    };
    return rank(a) < rank(b);
  });
  return revisions;
}

absl::StatusOr<json::Object> RevisionHistory::Take(json::Object& owner,
                                                   Revisions& revisions) const {
  const json::Value data = PatchOf(owner);
  const int64_t next = revisions.empty() ? 1 : Integer(revisions.back(), {"revision"}) + 1;
  const auto same = std::find_if(revisions.rbegin(), revisions.rend(),
                                 [&](const json::Object& one) { return IsSame(one, data); });
  if (same == revisions.rbegin() && same != revisions.rend()) return revisions.back();
  if (same != revisions.rend()) {
    json::Object again = *same;
    again["revision"] = next;
    ASSIGN_OR_RETURN(again, client_.Update(objects().kind(), std::move(again)));
    revisions.erase(std::next(same).base());
    revisions.push_back(again);
    return again;
  }
  const std::string hash = TemplateHash(data, Integer(owner, {"status", "collisionCount"}));
  json::Object labels;
  if (const json::Object* its =
          kinds::FindObject(owner, {"spec", "template", "metadata", "labels"})) {
    labels = *its;
  }
  kinds::Set(labels, "controller.kubernetes.io/hash", json::ToBoost(hash));
  json::Object metadata{
      {"name", json::ToBoost(Concat(Text(owner, {"metadata", "name"}), "-", hash))},
      {"namespace", json::ToBoost(Text(owner, {"metadata", "namespace"}))},
      {"labels", std::move(labels)},
      {"ownerReferences", json::Array{ControllerReference(owner)}}};
  if (const json::Value* annotations = kinds::Find(owner, {"metadata", "annotations"})) {
    metadata["annotations"] = *annotations;
  }
  const std::string name(Text(metadata, {"name"}));
  auto created = client_.Create(
      objects().kind(), {{"metadata", std::move(metadata)}, {"data", data}, {"revision", next}});
  if (registry::HasReason(created.status(), "AlreadyExists")) {
    ASSIGN_OR_RETURN(json::Object other,
                     client_.Get(objects().kind(), Text(owner, {"metadata", "namespace"}), name));
    if (!IsSame(other, data) || !IsControlledBy(other, owner)) {
      kinds::Set(kinds::Child(owner, "status"), "collisionCount",
                 Integer(owner, {"status", "collisionCount"}) + 1);
      return Take(owner, revisions);
    }
    created = std::move(other);
  }
  RETURN_IF_ERROR(created.status());
  revisions.push_back(*created);
  return created;
}

absl::Status RevisionHistory::Truncate(const json::Object& owner, const Revisions& revisions,
                                       const std::set<std::string, std::less<>>& used) const {
  std::vector<const json::Object*> unused;
  for (const json::Object& revision : revisions) {
    if (!used.contains(Text(revision, {"metadata", "name"}))) unused.push_back(&revision);
  }
  const int64_t limit = Integer(owner, {"spec", "revisionHistoryLimit"}, 10);
  for (int64_t i = 0; i < static_cast<int64_t>(unused.size()) - limit; ++i) {
    const absl::Status deleted =
        client_.Delete(objects().kind(), Text(owner, {"metadata", "namespace"}),
                       Text(*unused[static_cast<size_t>(i)], {"metadata", "name"}));
    if (!registry::HasReason(deleted, "NotFound")) RETURN_IF_ERROR(deleted);
  }
  return absl::OkStatus();
}

json::Object RevisionHistory::Apply(const json::Object& owner, const json::Object& revision) {
  json::Object applied = owner;
  const json::Object* found = kinds::FindObject(revision, {"data", "spec", "template"});
  if (found == nullptr) return applied;
  json::Object pod_template = *found;
  pod_template.erase("$patch");
  kinds::Set(kinds::Child(applied, "spec"), "template", std::move(pod_template));
  return applied;
}

}  // namespace kvplane::controller
