// The envelope around an object in protobuf: the four bytes "k8s\0", then a runtime.Unknown message
// that tells the kind and holds the object's own message.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(json::Value pod, DecodeObject(schema, body));
//   ASSIGN_OR_RETURN(std::string body, EncodeObject(schema, pod.get_object()));
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "api/schema.h"

namespace kvplane::api {

struct Envelope {
  std::string_view api_version;
  std::string_view kind;
  std::string_view raw;
  std::string_view content_encoding;
  std::string_view content_type;
};

bool IsEnvelope(std::string_view bytes);

// The views are of `bytes`.
absl::StatusOr<Envelope> OpenEnvelope(std::string_view bytes);
std::string SealEnvelope(const Envelope& envelope);

// An object with its envelope, as a canonical document. INVALID_ARGUMENT for malformed bytes,
// NOT_FOUND for a kind that the schema does not know.
absl::StatusOr<json::Value> DecodeObject(const Schema& schema, std::string_view bytes);
// The document's apiVersion and kind tell what it is. UNIMPLEMENTED for the few kinds that only
// JSON can hold (Table).
absl::StatusOr<std::string> EncodeObject(const Schema& schema, const json::Object& document);

// A list in its envelope: `empty` is that of the list without items, which are objects in theirs.
absl::StatusOr<std::string> EncodeList(std::string_view empty,
                                       const std::vector<std::string_view>& items);

// One event of a watch, without the four bytes of its length that go before it on the wire;
// `object` is an object in its envelope.
std::string EncodeWatchEvent(std::string_view type, std::string_view object);

}  // namespace kvplane::api
