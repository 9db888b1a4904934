// User: who asks, as authentication found out.
//
// Thread safety: a value, and a pure function.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/json.h"

namespace kvplane::registry {

struct User {
  std::string name;  // "system:anonymous" where nobody is known
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
};

// {"username":…,"uid":…,"groups":[…],"extra":{…}}
api::json::Object UserDocument(const User& user);

}  // namespace kvplane::registry
