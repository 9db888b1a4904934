#include "apiserver/metadata_form.h"

#include "kinds/members.h"

namespace kvplane::apiserver {

api::json::Object MetadataForm(const api::json::Object& object) {
  const api::json::Object* metadata = kinds::FindObject(object, {"metadata"});
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", metadata == nullptr ? api::json::Object() : *metadata}};
}

}  // namespace kvplane::apiserver
