// DocumentPatch: a change of a document, as the body of a PATCH tells it: JSON patch, merge patch
// or strategic merge patch. (Server-side apply is the registry's: registry/ownership.h.)
//
// Thread safety: const after it is read.
//
//   ASSIGN_OR_RETURN(DocumentPatch patch, DocumentPatch::Read(call));
//   ASSIGN_OR_RETURN(json::Object patched, patch.Apply(message, current));
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "api/message.h"

namespace kvplane::apiserver {

class DocumentPatch {
 public:
  // By the type and text of a request's body. What has no message has no strategic merge patches.
  static absl::StatusOr<DocumentPatch> Read(std::string_view content_type, std::string_view body,
                                            const api::Message* message);

  absl::StatusOr<api::json::Object> Apply(const api::json::Object& current) const;

 private:
  enum class Type { kJson, kMerge, kStrategic };

  Type type_ = Type::kMerge;
  const api::Message* message_ = nullptr;
  api::json::Value body_;
};

}  // namespace kvplane::apiserver
