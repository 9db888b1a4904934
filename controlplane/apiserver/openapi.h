// Openapi: the API's description in OpenAPI 3, a document a group and version, made from the schema
// when it is first asked for. kubectl reads from it what it may send (fieldValidation, strategic
// patches) and explains from it.
//
// OpenAPI 2 is told from the same documents (openapi_v2.h).
//
// Making a document takes long and much memory: it is kept, compressed, as long as the Openapi
// lives, which is until the definitions of custom resources change. Its address carries a hash of
// what it is made from, and so does its ETag: a client that has it is told so, and nothing is made.
//
// Thread safety: const; who asks for a document while it is made waits for it.
//
//   Openapi openapi(Kinds::BuiltIn(), discovery.GroupVersions());
//   openapi.Find(call);   // /openapi/v3, /openapi/v3/apis/apps/v1, /openapi/v2
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/call.h"
#include "base/mutex.h"
#include "kinds/kind.h"

namespace kvplane::apiserver {

class Openapi {
 public:
  Openapi(const kinds::Kinds& kinds, std::vector<std::string> group_versions);

  // NotFound for any other path.
  absl::StatusOr<Answer> Find(const Call& call) const;

 private:
  // A document in one of its forms; empty until it is asked for.
  struct Kept {
    kvshim::base::Mutex mutex;
    std::string gzip GUARDED_BY(mutex);
  };

  absl::StatusOr<Answer> AnswerKept(const Call& call, std::string_view hash,
                                    std::string_view content_type, Kept& kept,
                                    const std::function<std::string()>& make) const;
  json::Object Index() const;
  json::Object Document(std::string_view group_version) const;
  json::Object Paths(std::string_view group_version) const;
  json::Object Schemas(std::string_view group_version) const;
  std::string HashOf(std::string_view group_version) const;
  std::string HashOfAll() const;
  absl::StatusOr<Answer> Version2(const Call& call) const;
  std::string MakeVersion2(bool protobuf) const;

  const kinds::Kinds& kinds_;
  const std::vector<std::string> group_versions_;
  std::string hash_;
  mutable Kept version2_json_;
  mutable Kept version2_protobuf_;
  mutable std::map<std::string, Kept, std::less<>> version3_;  // an entry a group and version
};

}  // namespace kvplane::apiserver
