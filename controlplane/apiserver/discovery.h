// Discovery: which groups, versions and resources there are, in the three forms that clients ask
// for: group by group, and all at once in either version of the aggregated form.
//
// Thread safety: const.
//
//   Discovery discovery(Kinds::BuiltIn());
//   discovery.Answer(call);   // /api, /apis, /apis/GROUP, /api/v1, /apis/GROUP/VERSION
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/call.h"
#include "kinds/kind.h"

namespace kvplane::apiserver {

class Discovery {
 public:
  explicit Discovery(const kinds::Kinds& kinds);

  // NotFound for any other path.
  absl::StatusOr<Answer> Find(const Call& call) const;

  // "v1", "apps/v1", …: all that are served, the preferred version of a group first.
  std::vector<std::string> GroupVersions() const;

 private:
  struct Group {
    std::string name;
    std::vector<std::string> versions;  // the preferred one first
  };

  json::Object Aggregated(bool core, std::string_view version) const;
  json::Object ResourceList(std::string_view group_version) const;
  json::Array ResourcesOf(std::string_view group_version) const;

  const kinds::Kinds& kinds_;
  std::vector<Group> groups_;  // the core's first
};

}  // namespace kvplane::apiserver
