// MergeType: how server-side apply takes the values in one place of a document apart: a scalar, an
// object by its members, a list by its keys, or a list or object as one thing ("atomic").
//
// Where nothing is known of a place (raw JSON), the value itself tells: objects go by their
// members, lists are atomic.
//
// What is known of a place comes from the message of a built-in kind, or from the structural schema
// of a custom resource.
//
// Thread safety: a value; refers to the schema.
//
//   MergeType pod = MergeType::Of(*schema.FindMessage("v1", "Pod"));
//   pod.Member("spec").Member("containers").keys();   // name
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "api/message.h"
#include "api/path_element.h"
#include "api/structural_schema.h"

namespace kvplane::api {

class MergeType {
 public:
  enum class Kind { kScalar, kObject, kList };

  static MergeType Of(const Message& message) { return {Place::kMessage, &message, nullptr}; }
  static MergeType Of(const StructuralSchema& schema);

  // What a value is here; null is what the place expects.
  Kind KindOf(const json::Value& value) const;
  // Of a list or an object: whether it is owned as a whole.
  bool atomic(Kind kind) const;

  // Whether the member is one that the type declares, rather than a key of a map.
  bool Declares(std::string_view name) const;
  // False where a type knows its members and this is none.
  bool MayHave(std::string_view name) const;
  MergeType Member(std::string_view name) const;
  MergeType Element() const;

  // The element's place in a list that is not atomic. The errors are Kubernetes'.
  absl::StatusOr<PathElement> ElementPath(const json::Value& element) const;

 private:
  enum class Place { kScalar, kMessage, kMap, kList, kSchemaObject, kSchemaList, kUntyped };

  MergeType(Place place, const Message* message, const Field* field)
      : place_(place), message_(message), field_(field) {}
  MergeType(Place place, const StructuralSchema& schema) : place_(place), schema_(&schema) {}

  static MergeType OfElement(const Field& field);
  MergeType SchemaMember(std::string_view name) const;

  Place place_;
  const Message* message_ = nullptr;
  // Of lists and maps, and of single messages where the field says atomic.
  const Field* field_ = nullptr;
  const StructuralSchema* schema_ = nullptr;
};

}  // namespace kvplane::api
