// Call: one request of the API on its way through the server: what it names, what it wants back,
// and how its answer is written.
//
// Thread safety: none; a call is one thread's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/json.h"
#include "apiserver/exchange.h"
#include "apiserver/negotiation.h"
#include "apiserver/target.h"
#include "kinds/kind.h"
#include "registry/admission.h"

namespace kvplane::registry {
class Registry;
}

namespace kvplane::apiserver {

namespace json = api::json;

struct Answer {
  int status = 200;
  std::string content_type{kJsonType};
  std::string body;
  Pairs headers = {};  // besides those of every answer
};

struct Call {
  Request request;
  Target target;
  std::shared_ptr<const kinds::Kinds> kinds;  // that `served` is of; kept for a custom resource
  const kinds::Served* served = nullptr;
  const api::Subresource* subresource = nullptr;  // null: the object itself
  // Of a custom kind whose versions a webhook converts: what converts, and the kind in the version
  // that is stored. Null for all others.
  registry::Registry* converter = nullptr;
  const kinds::Kind* stored = nullptr;
  Wanted wanted;
  std::vector<std::string> warnings;

  // On whose behalf the call's writes are made.
  registry::Requester requester() {
    return {.user = &request.user,
            .group_version = group_version(),
            .warnings = &warnings,
            .annotations = request.annotations.get()};
  }

  const kinds::Kind& kind() const { return *served->kind; }
  // What the registry is asked for.
  const kinds::Kind& stored_kind() const { return stored == nullptr ? kind() : *stored; }
  std::string_view group_version() const { return served->resource->group_version; }
  std::string_view Query(std::string_view name) const { return request.Query(name); }
  bool QueryTrue(std::string_view name) const {
    const std::string_view value = Query(name);
    return value == "true" || value == "1";
  }
};

// An object that is no kind of ours to store: Status, Scale, Table, ….
Answer AnswerDocument(const Call& call, const json::Object& document, int status = 200);
// An object in the version that is stored, in the form that is wanted.
absl::StatusOr<Answer> AnswerObject(const Call& call, json::Object object, int status = 200);
Answer AnswerFailure(const absl::Status& failure, Encoding encoding);

// What a deletion is answered with where the object is gone.
json::Object SuccessStatus(const kinds::Kind& kind, const json::Object& object);

// An object of one of the API's own kinds in an encoding; JSON where it has no protobuf.
std::string Encode(const json::Object& document, Encoding encoding);

}  // namespace kvplane::apiserver
