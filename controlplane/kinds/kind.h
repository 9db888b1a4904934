// Kind: a stored kind of object, however many groups and versions serve it: where its objects lie
// in the store, in which version, and how they behave there.
//
// Thread safety: immutable.
//
//   const Kinds& kinds = Kinds::BuiltIn();
//   const Served* pods = kinds.Find("v1", "pods");
//   pods->kind->prefix == "/registry/pods/";
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "api/schema.h"

namespace kvplane::kinds {

struct Kind {
  std::string group;  // "" is the core
  std::string plural;
  std::string name;           // "Pod"
  std::string group_version;  // in which objects are stored
  std::string prefix;         // of the keys: "/registry/pods/"
  bool namespaced = false;
  bool has_status = false;          // a status of its own, which a write of the object leaves alone
  bool counts_generations = false;  // metadata.generation goes up with the specification
  bool creates_on_update = false;   // a PUT of what is not there creates it
  bool graceful = false;            // deleted by its node after a while (pods)
  std::string_view generation_of = "spec";
  const api::Message* message = nullptr;  // of group_version; null for custom resources

  // "deployments.apps", as messages name it.
  std::string Qualified() const { return group.empty() ? plural : plural + "." + group; }
  std::string QualifiedKind() const { return group.empty() ? name : name + "." + group; }
};

// A kind in one of the groups and versions that serve it.
struct Served {
  const Kind* kind = nullptr;  // null for resources that are only a verb
  const api::Resource* resource = nullptr;
};

class Kinds {
 public:
  // What a server of Kubernetes serves without being told otherwise: no alpha, no beta.
  static const Kinds& BuiltIn();

  const Served* Find(std::string_view group_version, std::string_view plural) const;
  // By kind rather than plural.
  const Served* FindKind(std::string_view group_version, std::string_view kind) const;
  // In the schema's order.
  const std::deque<Served>& served() const { return served_; }
  const std::deque<Kind>& kinds() const { return kinds_; }

 private:
  explicit Kinds(const api::Schema& schema);

  std::deque<Kind> kinds_;
  std::deque<Served> served_;
  absl::flat_hash_map<std::string, const Served*> by_plural_;
  absl::flat_hash_map<std::string, const Served*> by_kind_;
};

// "apps/v1" is of "apps", "v1" of the core.
std::string_view GroupOf(std::string_view group_version);
std::string_view VersionOf(std::string_view group_version);

}  // namespace kvplane::kinds
