// Openapi: the API's description in OpenAPI 3, a document a group and version, made from the schema
// when it is asked for. kubectl reads from it what it may send (fieldValidation, strategic patches)
// and explains from it.
//
// OpenAPI 2 is told from the same documents (openapi_v2.h).
//
// A document's address carries a hash of what it is made from, so that clients keep it.
//
// Thread safety: const.
//
//   Openapi openapi(Kinds::BuiltIn(), discovery.GroupVersions());
//   openapi.Find(call);   // /openapi/v3, /openapi/v3/apis/apps/v1, /openapi/v2
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/call.h"
#include "kinds/kind.h"

namespace kvplane::apiserver {

class Openapi {
 public:
  Openapi(const kinds::Kinds& kinds, std::vector<std::string> group_versions);

  // NotFound for any other path.
  absl::StatusOr<Answer> Find(const Call& call) const;

 private:
  json::Object Index() const;
  json::Object Document(std::string_view group_version) const;
  json::Object Paths(std::string_view group_version) const;
  json::Object Schemas(std::string_view group_version) const;
  std::string HashOf(std::string_view group_version) const;
  Answer Version2(const Call& call) const;

  const kinds::Kinds& kinds_;
  const std::vector<std::string> group_versions_;
  std::string hash_;
};

}  // namespace kvplane::apiserver
