// NodeAuthorizer: what nodes may do: read what their pods need, tell of themselves and of their
// pods, and nothing of other nodes. Stands before another authorizer, which is asked of everybody
// else, and of what this one does not allow.
//
// A node is who is called system:node:NAME and is in the group system:nodes.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <string>
#include <vector>

#include "apiserver/authorizer.h"
#include "auth/node_graph.h"
#include "auth/role_table.h"

namespace kvplane::auth {

class NodeAuthorizer : public apiserver::Authorizer {
 public:
  // Both must outlive it.
  NodeAuthorizer(const NodeGraph& graph, const apiserver::Authorizer& next);

  apiserver::Decision Authorize(const User& user,
                                const apiserver::RequestInfo& request) const override;
  // A node's own are not told: they cannot be listed.
  std::vector<Rule> RulesOf(const User& user, const std::string& ns) const override {
    return next_.RulesOf(user, ns);
  }

 private:
  apiserver::Decision OfNode(const std::string& node, const apiserver::RequestInfo& request) const;

  const NodeGraph& graph_;
  const apiserver::Authorizer& next_;
  const std::vector<Rule> rules_;  // of what is the same for all nodes
};

}  // namespace kvplane::auth
