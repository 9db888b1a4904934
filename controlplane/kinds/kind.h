// Kind: a stored kind of object, however many groups and versions serve it: where its objects lie
// in the store, in which version, and how they behave there.
//
// Thread safety: immutable.
//
// Kinds is what is served at one time. The built-in ones live as long as the program; custom ones,
// which definitions bring and take away (definition.h), as long as the Kinds they are found in. A
// copy of a Kind keeps what it needs: who keeps a custom kind for longer copies it.
//
//   const Kinds& kinds = Kinds::BuiltIn();
//   const Served* pods = kinds.Find("v1", "pods");
//   pods->kind->prefix == "/registry/pods/";
//   std::shared_ptr<const Kinds> all = Kinds::With({definition, …});
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "api/schema.h"

namespace kvplane::kinds {

class Definition;
struct DefinedVersion;

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
  // Of a custom resource: what defines it, and the version that requests come and go in. Each
  // version that is served has a Kind of its own, all with the same prefix and group_version.
  std::shared_ptr<const Definition> definition;
  const DefinedVersion* version = nullptr;

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
  // Those, and the custom resources that the definitions bring; a name that is built in stays so.
  static std::shared_ptr<const Kinds> With(
      std::vector<std::shared_ptr<const Definition>> definitions);

  Kinds(const Kinds&) = delete;
  Kinds& operator=(const Kinds&) = delete;

  const Served* Find(std::string_view group_version, std::string_view plural) const;
  // By kind rather than plural.
  const Served* FindKind(std::string_view group_version, std::string_view kind) const;
  // Of a custom resource, by where it lies in the store; null where it is none.
  const Kind* FindPrefix(std::string_view prefix) const;
  // In the schema's order, then by the definitions'.
  const std::vector<std::reference_wrapper<const Served>>& served() const { return served_; }
  // Each once, whichever versions serve it.
  const std::vector<std::reference_wrapper<const Kind>>& kinds() const { return kinds_; }
  const std::vector<std::shared_ptr<const Definition>>& definitions() const { return definitions_; }

 private:
  Kinds() = default;

  void AddBuiltIn(const api::Schema& schema);
  void AddDefined(const std::shared_ptr<const Definition>& definition);
  void Add(const Served& served);

  std::vector<std::shared_ptr<const Definition>> definitions_;
  std::deque<Kind> own_kinds_;
  std::deque<api::Resource> own_resources_;
  std::deque<Served> own_served_;
  std::vector<std::reference_wrapper<const Kind>> kinds_;
  std::vector<std::reference_wrapper<const Served>> served_;
  absl::flat_hash_map<std::string, const Served*> by_plural_;
  absl::flat_hash_map<std::string, const Served*> by_kind_;
  absl::flat_hash_map<std::string, const Kind*> by_prefix_;
};

// Whether clients should prefer one version to another: v2, v1, v1beta1, v1alpha1, then any other.
bool IsPreferredVersion(std::string_view version, std::string_view other);

// "apps/v1" is of "apps", "v1" of the core.
std::string_view GroupOf(std::string_view group_version);
std::string_view VersionOf(std::string_view group_version);

}  // namespace kvplane::kinds
