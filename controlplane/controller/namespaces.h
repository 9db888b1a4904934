// NamespaceController: empties a namespace that is being deleted, of whatever kind its objects are,
// and lets it go when nothing is left in it.
#pragma once

#include <map>
#include <string>

#include "controller/controller.h"

namespace kvplane::controller {

class NamespaceController : public Controller {
 public:
  explicit NamespaceController(Environment& environment);

  absl::Status Sync(const std::string& key) override;

 private:
  // What is left in a namespace after all of it was asked to go.
  struct Content {
    std::map<std::string, int> resources;   // "pods.", "deployments.apps"
    std::map<std::string, int> finalizers;  // that hold them
    std::string failures;
    int64_t grace_seconds = 0;  // of the pod that takes longest

    bool empty() const { return resources.empty() && failures.empty(); }
  };

  absl::StatusOr<Content> DeleteContent(const std::string& name_space);
  absl::Status DeleteKind(const kinds::Kind& kind, const std::string& name_space, int64_t revision,
                          Content& content);
  absl::Status TellWhatIsLeft(const std::string& name, const Content& content);
  absl::Status Finalize(const std::string& name);

  Informer& namespaces_;
  Informer& pods_;
};

}  // namespace kvplane::controller
