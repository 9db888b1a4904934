// Objects between the version of a call and the one that is stored, where a webhook may have to be
// asked: it takes time, and may fail.
//
// What a client sends is completed and checked as its own version says before it is converted, as
// the webhook may rely on that.
//
// Thread safety: pure but for the webhook's call, which waits.
//
//   RETURN_IF_ERROR(ConvertToStored(call, object));
//   ASSIGN_OR_RETURN(object, registry.Create(call.stored_kind(), …));
//   RETURN_IF_ERROR(ConvertFromStored(call, object));
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "api/json.h"
#include "apiserver/call.h"
#include "registry/stored_object.h"

namespace kvplane::apiserver {

// Does nothing where no webhook is concerned: kinds::FromStored is left to the caller, and does
// nothing to what has been converted.
absl::Status ConvertFromStored(const Call& call, json::Object& object);
// The other way round, and complete, webhook or not.
absl::Status ConvertToStored(const Call& call, json::Object& object);

// Whether the call's version is one that a webhook makes the stored one.
bool IsConverted(const Call& call);
// Completes an object as the call's version says, and checks it; ConvertToStored does it, too.
absl::Status CompleteOwnVersion(const Call& call, json::Object& object);

// Has a webhook convert those that are not converted yet, together; what comes of it is kept with
// the objects, where ItemDocument finds it.
absl::Status ConvertItems(const Call& call, const std::vector<registry::StoredObjectPtr>& objects);
// What was kept; null where no webhook is concerned, or ConvertItems has not been asked.
const std::string* FindConverted(const Call& call, const registry::StoredObject& object);

}  // namespace kvplane::apiserver
