// Target: what a request line asks for, decoded: a path and a query.
//
// Thread safety: pure.
//
//   ASSIGN_OR_RETURN(Target target, Target::Parse("/api/v1/pods?limit=500&labelSelector=a%3Db"));
//   target.query[1] == {"labelSelector", "a=b"}
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"

namespace kvplane::https {

struct Target {
  std::string path;
  apiserver::Pairs query;

  // Refuses what has no plain meaning: broken escapes, bytes of zero, and segments . and .. in any
  // spelling, so that no two readers of a path take it differently.
  static absl::StatusOr<Target> Parse(std::string_view text);
};

}  // namespace kvplane::https
