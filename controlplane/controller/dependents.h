// Dependents: the objects of one kind that the objects of another control, such as the pods of
// replica sets: found by their controller references, taken over where nobody controls them and
// the selector matches, and let go where it no longer does.
//
// Thread safety: made before the informers start; then every method from any thread that may wait.
//
//   Dependents pods(replica_sets, environment.informers.Of("v1", "pods"));
//   pods.Follow([this](const std::string& owner, const Change& change) { queue().Add(owner); });
//   ASSIGN_OR_RETURN(auto claimed, pods.Claim(client(), replica_set, selector));
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/label_selector.h"
#include "controller/client.h"
#include "controller/informer.h"

namespace kvplane::controller {

// What matches spec.selector: of labels alone for replication controllers. It selects nothing where
// there is none.
absl::StatusOr<api::LabelSelector> SelectorOf(const json::Object& owner);

class Dependents {
 public:
  Dependents(Informer& owners, Informer& objects);

  // Tells the keys of those whom a change concerns: whose the object is or was, or, where it is
  // nobody's, who may want it.
  using Hear = std::function<void(const std::string& owner, const Change& change)>;
  void Follow(Hear hear);

  struct Claims {
    // Asked of those that match alone.
    std::function<bool(const json::Object&)> fits = [](const json::Object&) { return true; };
    std::string_view finalizer;  // added to what is adopted
  };
  // What the owner controls, in the order of their names. One that is being deleted adopts nothing.
  absl::StatusOr<std::vector<json::Object>> Claim(const Client& client, const json::Object& owner,
                                                  const api::LabelSelector& selector,
                                                  const Claims& claims) const;
  absl::StatusOr<std::vector<json::Object>> Claim(const Client& client, const json::Object& owner,
                                                  const api::LabelSelector& selector) const {
    return Claim(client, owner, selector, {});
  }
  // Without taking or leaving any.
  std::vector<json::Object> Of(const json::Object& owner) const;

  Informer& objects() const { return objects_; }

 private:
  void HearOf(const json::Object& object, const Change& change, const Hear& hear) const;
  absl::StatusOr<json::Object> Adopt(const Client& client, const json::Object& owner,
                                     const json::Object& object, std::string_view finalizer) const;
  absl::Status Release(const Client& client, const json::Object& owner,
                       const json::Object& object) const;

  Informer& owners_;
  Informer& objects_;
};

}  // namespace kvplane::controller
