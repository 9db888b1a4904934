// What a server tells in the status of a CustomResourceDefinition: which of the names it asks for
// are accepted, that it is established, how far its deletion has come, and which versions objects
// may be stored in.
//
// Thread safety: pure but for the clock.
//
//   NamesInUse in_use = …;   // accepted by others of the group
//   AcceptNames(in_use, definition);
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "api/json.h"
#include "kinds/definition.h"

namespace kvplane::kinds {

struct NamesInUse {
  std::set<std::string, std::less<>> resources;
  std::set<std::string, std::less<>> kinds;

  void Add(const DefinedNames& names);
};

// Sets status.acceptedNames and the conditions NamesAccepted, Established, NonStructuralSchema and,
// for groups of Kubernetes' own, KubernetesAPIApprovalPolicyConformant.
void AcceptNames(const NamesInUse& in_use, std::string_view now, json::Object& definition);

void SetCondition(std::string_view type, bool holds, std::string_view reason,
                  std::string_view message, std::string_view now, json::Object& definition);

// That the storage version is among status.storedVersions.
void AddStoredVersion(json::Object& definition);

inline constexpr std::string_view kCleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";
bool HasCleanupFinalizer(const json::Object& definition);
// Marks a definition that is to be deleted.
void AddCleanup(std::string_view now, json::Object& definition);
void RemoveCleanupFinalizer(json::Object& definition);

}  // namespace kvplane::kinds
