// ObjectMeta: the metadata that every object has, read and written in place.
//
// Readers take whatever is there: a member that is missing or of another type is empty. Writers
// keep documents canonical: an empty value removes its member, others come where the type has them
// only after the next Canonicalize.
//
// Thread safety: that of the document.
//
//   ObjectMeta meta(document);
//   meta.Set("resourceVersion", "42");
//   meta.labels().size();
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "api/json.h"

namespace kvplane::api {

// What only reads.
class ObjectMetaView {
 public:
  explicit ObjectMetaView(const json::Object& document);

  std::string_view name() const { return Text("name"); }
  std::string_view generate_name() const { return Text("generateName"); }
  std::string_view namespace_name() const { return Text("namespace"); }
  std::string_view uid() const { return Text("uid"); }
  std::string_view resource_version() const { return Text("resourceVersion"); }
  std::string_view creation_timestamp() const { return Text("creationTimestamp"); }
  std::string_view deletion_timestamp() const { return Text("deletionTimestamp"); }
  std::optional<int64_t> deletion_grace_period_seconds() const {
    return Number("deletionGracePeriodSeconds");
  }
  int64_t generation() const { return Number("generation").value_or(0); }
  const json::Object& labels() const { return Map("labels"); }
  const json::Object& annotations() const { return Map("annotations"); }
  const json::Array& finalizers() const { return List("finalizers"); }
  const json::Array& owner_references() const { return List("ownerReferences"); }

  bool HasFinalizer(std::string_view finalizer) const;

 private:
  std::string_view Text(std::string_view member) const;
  std::optional<int64_t> Number(std::string_view member) const;
  const json::Object& Map(std::string_view member) const;
  const json::Array& List(std::string_view member) const;

  const json::Object& metadata_;
};

class ObjectMeta {
 public:
  // Adds metadata to a document that has none.
  explicit ObjectMeta(json::Object& document);

  ObjectMetaView view() const { return ObjectMetaView(document_); }

  void Set(std::string_view member, std::string_view text);
  void Set(std::string_view member, int64_t number);
  void Remove(std::string_view member);
  // Of labels or annotations.
  void SetEntry(std::string_view map, std::string_view key, std::string_view value);
  // False where it was not there.
  bool RemoveFinalizer(std::string_view finalizer);

 private:
  json::Object& metadata();

  json::Object& document_;
};

}  // namespace kvplane::api
