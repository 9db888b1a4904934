// Canonical documents: what Kubernetes would write for what a client sent.
//
// It decodes JSON into Go structs and encodes those. Canonicalize does to a document what comes of
// it: unknown members and nulls are dropped, members get the type's order, quantities and times
// their canonical text, what is empty is left out and what must not be missing is added. A
// canonical document is what the protobuf codec reads and writes, and what should be stored.
//
// Errors are worded as Go's decoder words them: "json: cannot unmarshal string into Go struct field
// DeploymentSpec.spec.replicas of type int32".
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(json::Value document, ParseJson(body));
//   ASSIGN_OR_RETURN(document, Canonicalize(*schema.FindMessage("v1", "Pod"),
//   std::move(document)));
#pragma once

#include "absl/status/statusor.h"
#include "api/json.h"
#include "api/message.h"

namespace kvplane::api {

absl::StatusOr<json::Value> Canonicalize(const Message& message, json::Value document);

}  // namespace kvplane::api
