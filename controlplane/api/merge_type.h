// MergeType: how server-side apply takes the values in one place of a document apart: a scalar, an
// object by its members, a list by its keys, or a list or object as one thing ("atomic").
//
// Where nothing is known of a place (raw JSON), the value itself tells: objects go by their
// members, lists are atomic.
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

namespace kvplane::api {

class MergeType {
 public:
  enum class Kind { kScalar, kObject, kList };

  static MergeType Of(const Message& message) { return {Place::kMessage, &message, nullptr}; }

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
  enum class Place { kScalar, kMessage, kMap, kList, kUntyped };

  MergeType(Place place, const Message* message, const Field* field)
      : place_(place), message_(message), field_(field) {}

  static MergeType OfElement(const Field& field);

  Place place_;
  const Message* message_;
  const Field* field_;  // of lists and maps, and of single messages where the field says atomic
};

}  // namespace kvplane::api
