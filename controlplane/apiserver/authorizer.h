// Authorizer: says who may do what.
//
// Thread safety: every method may be called from any thread; none blocks.
#pragma once

#include <string>
#include <vector>

#include "apiserver/exchange.h"
#include "apiserver/request_info.h"

namespace kvplane::apiserver {

struct Decision {
  bool allowed = false;
  std::string reason;  // for people; may be empty
};

// One rule of a role; "*" stands for all.
struct Rule {
  std::vector<std::string> verbs;
  std::vector<std::string> api_groups;
  std::vector<std::string> resources;
  std::vector<std::string> resource_names;
  std::vector<std::string> non_resource_urls;
  bool operator==(const Rule&) const = default;
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual Decision Authorize(const User& user, const RequestInfo& request) const = 0;

  // Everything the user may do in a namespace, as SelfSubjectRulesReview lists it.
  virtual std::vector<Rule> RulesOf(const User& user, const std::string& ns) const = 0;
};

}  // namespace kvplane::apiserver
