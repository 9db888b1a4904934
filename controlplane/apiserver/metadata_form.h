// MetadataForm: an object reduced to its metadata, as clients that only count and own ask for it.
//
// Thread safety: pure functions.
//
//   MetadataForm(pod);   // {"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",…}
#pragma once

#include "api/json.h"

namespace kvplane::apiserver {

api::json::Object MetadataForm(const api::json::Object& object);

}  // namespace kvplane::apiserver
