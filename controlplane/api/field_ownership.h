// FieldOwnership: server-side apply, and keeping track of who owns what in every other write.
//
// An applied configuration says all that its manager wants. What it names becomes the manager's;
// what the manager named last time and does not name now goes, unless somebody else owns it; what
// another manager owns and would get another value is a conflict, unless it is forced.
//
// Paths owned in another version of the group are taken as if they were of this one: versions of a
// group share the paths of the fields that they share. Fields whose list type changed since they
// were written down are not converted.
//
// Thread safety: const; refers to the schema.
//
//   FieldOwnership fields(*schema.FindMessage("apps/v1", "Deployment"), "apps/v1");
//   json::Object created = fields.Update(fields.Nothing(), document, {.manager = "curl", .now =
//   now}); ASSIGN_OR_RETURN(ApplyResult applied, fields.Apply(created, configuration, {"helm",
//   now}));
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "api/field_set.h"
#include "api/json.h"
#include "api/managed_fields.h"
#include "api/merge_type.h"
#include "api/typed_document.h"

namespace kvplane::api {

struct FieldOwnershipOptions {
  std::string manager;
  std::string now;          // RFC 3339, for the entries that change
  std::string subresource;  // of the request: "" or "status", "scale", …
  bool force = false;       // of Apply: take over what others own
  // What this request cannot write, and so does not come to own; by path, with all below.
  FieldSet ignored;
};

// A field that another manager owns.
struct FieldConflict {
  std::string manager;  // as FieldOwner::ToString
  std::string field;    // ".spec.replicas"
};

struct ApplyResult {
  json::Object object;  // canonical, with its managed fields; meaningless with conflicts
  bool changed = false;
  std::vector<FieldConflict> conflicts;

  // "Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1: .spec.replicas"
  std::string ConflictMessage() const;
};

class FieldOwnership {
 public:
  FieldOwnership(const Message& message, std::string_view api_version)
      : message_(&message),
        kind_(message.name),
        api_version_(api_version),
        type_(MergeType::Of(message)) {}
  // Of a custom resource.
  FieldOwnership(const StructuralSchema& schema, std::string_view kind,
                 std::string_view api_version)
      : kind_(kind), api_version_(api_version), type_(MergeType::Of(schema)) {}

  // What an object is before it is created; the `live` of a create.
  json::Object Nothing() const;

  // The object as it is to be written in place of `live`, with managed fields brought up to date.
  // Both are canonical.
  json::Object Update(const json::Object& live, json::Object object,
                      const FieldOwnershipOptions& options) const;

  // The configuration applied to `live`. INVALID_ARGUMENT for a configuration that does not fit its
  // type or has managed fields.
  absl::StatusOr<ApplyResult> Apply(const json::Object& live, const json::Object& configuration,
                                    const FieldOwnershipOptions& options) const;

 private:
  using Owners = ManagedFields::Owners;

  // Takes from all but `except` what changed. With conflicts and no force it takes nothing.
  std::vector<FieldConflict> TakeOwnership(const Comparison& changes, const FieldOwner& except,
                                           bool force, Owners& owners) const;
  json::Value Prune(const json::Value& merged, const Owners& owners, const FieldSet& last) const;
  // What `owner` comes to own by an update.
  void UpdateOwners(const json::Value& live, const json::Value& object, const FieldOwner& owner,
                    const FieldOwnershipOptions& options, ManagedFields& managed) const;
  absl::StatusOr<ApplyResult> ApplyOnce(const json::Object& live, const json::Value& applied,
                                        const FieldOwnershipOptions& options, ManagedFields managed,
                                        std::vector<FieldsPath>& conflicting) const;

  const Message* message_ = nullptr;  // null of a custom resource
  std::string kind_;
  std::string api_version_;
  MergeType type_;
};

}  // namespace kvplane::api
