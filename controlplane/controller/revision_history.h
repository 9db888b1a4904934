// RevisionHistory: the templates that a stateful set or a daemon set had, as ControllerRevisions:
// the patches that bring them back. The newest has the highest number; an old template that comes
// again takes the next number.
//
// Thread safety: made before the informers start; then every method from any thread that may wait.
//
//   RevisionHistory history(client(), sets, environment.informers.Of("apps/v1",
//                           "controllerrevisions"));
//   ASSIGN_OR_RETURN(auto revisions, history.Claim(set, selector));
//   ASSIGN_OR_RETURN(json::Object newest, history.Take(set, revisions));
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/label_selector.h"
#include "controller/client.h"
#include "controller/dependents.h"
#include "controller/informer.h"

namespace kvplane::controller {

class RevisionHistory {
 public:
  using Revisions = std::vector<json::Object>;

  RevisionHistory(const Client& client, Informer& owners, Informer& revisions)
      : client_(client), revisions_(owners, revisions) {}

  void Follow(Dependents::Hear hear) { revisions_.Follow(std::move(hear)); }
  Informer& objects() const { return revisions_.objects(); }

  // Oldest first.
  absl::StatusOr<Revisions> Claim(const json::Object& owner,
                                  const api::LabelSelector& selector) const;
  // The revision of the owner's template, the newest of all. What it writes it puts into
  // `revisions`. status.collisionCount of the owner goes up where a hash is taken.
  absl::StatusOr<json::Object> Take(json::Object& owner, Revisions& revisions) const;
  // Deletes the oldest beyond the owner's limit, of those that are not in use.
  absl::Status Truncate(const json::Object& owner, const Revisions& revisions,
                        const std::set<std::string, std::less<>>& used) const;

  // The owner with the revision's template.
  static json::Object Apply(const json::Object& owner, const json::Object& revision);

 private:
  const Client& client_;
  Dependents revisions_;
};

}  // namespace kvplane::controller
