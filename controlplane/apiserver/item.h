// Items: objects of the cache as they stand in lists and events, each written once a form.
//
// Thread safety: pure functions.
//
//   out += ItemJson(call, *object);
#pragma once

#include <string>

#include "api/json.h"
#include "apiserver/call.h"
#include "registry/stored_object.h"

namespace kvplane::apiserver {

// In the form and version that the call wants: the object, or its metadata. Where a webhook
// converts it, ConvertItems has been asked before.
const std::string& ItemJson(const Call& call, const registry::StoredObject& object);
// The same in protobuf, in its envelope.
const std::string& ItemProtobuf(const Call& call, const registry::StoredObject& object);
json::Object ItemDocument(const Call& call, const registry::StoredObject& object);

}  // namespace kvplane::apiserver
