// MethodTable: the methods of every service by their path.
//
// Thread safety: constant once built.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "rpc/service.h"

namespace kvshim::rpc {

class MethodTable {
 public:
  // `services` must outlive the table.
  explicit MethodTable(const std::vector<Service>& services) {
    for (const Service& service : services) {
      for (const Method& method : service.methods()) methods_.emplace(method.path(), &method);
    }
  }

  // Null where there is none.
  const Method* Find(const std::string& path) const {
    const auto found = methods_.find(path);
    return found == methods_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_map<std::string, const Method*> methods_;
};

}  // namespace kvshim::rpc
