// Documents in protobuf and back, driven by the schema: Kubernetes' own encoding, byte by byte.
//
// On the wire an object is an envelope (envelope.h) around the message that these two write and
// read.
//
// Errors are INVALID_ARGUMENT and name the field: "spec.containers[0].name: …".
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(std::string bytes, EncodeProtobuf(pod_message, document));
//   ASSIGN_OR_RETURN(json::Value document, DecodeProtobuf(pod_message, bytes));
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "api/message.h"

namespace kvplane::api {

// The document must be canonical (canonical.h): members that the message does not know are left
// out, values of a wrong type are refused.
absl::StatusOr<std::string> EncodeProtobuf(const Message& message, const json::Object& document);

// Fields that the message does not know are passed over. The document is canonical; kind and
// apiVersion are not in it, as they are not in the message.
absl::StatusOr<json::Object> DecodeProtobuf(const Message& message, std::string_view bytes);

}  // namespace kvplane::api
