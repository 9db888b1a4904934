// Whether somebody may do something, as expressions ask it:
// authorizer.group("apps").resource("deployments").namespace("web").check("create").allowed().
//
// Thread safety: implementations may be asked from any thread.
//
//   Value authorizer = AuthorizerValue(checks);   // the checks outlive it
#pragma once

#include <string>

#include "cel/value.h"

namespace kvplane::cel {

struct AccessCheck {
  std::string service_account_namespace;  // empty: who makes the request
  std::string service_account;
  std::string path;  // of what is no resource; else empty
  std::string group;
  std::string resource;
  std::string subresource;
  std::string name_space;
  std::string name;
  std::string verb;
};

class AccessChecks {
 public:
  struct Decision {
    bool allowed = false;
    std::string reason;
  };

  virtual ~AccessChecks() = default;
  virtual Decision Check(const AccessCheck& check) const = 0;
};

Value AuthorizerValue(const AccessChecks& checks);
// With the resource that a request is about.
Value ResourceCheckValue(const AccessChecks& checks, AccessCheck check);

}  // namespace kvplane::cel
