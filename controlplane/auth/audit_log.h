// AuditLog: one line of JSON for each answered request: who, as whom, did what to which object, and
// how it ended; as Kubernetes' audit events of the level Metadata. Bodies are not in it.
//
// Thread safety: every method may be called from any thread. A line is written with one write(2),
// so that several processes may share a file, and logrotate may truncate it.
//
//   ASSIGN_OR_RETURN(auto audit, AuditLog::Open("/var/log/kvplane-audit.log"));
//   response = audit->Follow(request, notes, std::move(response));   // writes when answered
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"

namespace kvplane::auth {

class AuditLog {
 public:
  // "-": standard output.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::string& path);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // What is told of one request besides itself; filled in while it is looked at.
  struct Notes {
    apiserver::User user;          // empty: nobody was found out
    apiserver::User impersonated;  // empty: none
    std::string decision;          // "allow" or "forbid"
    std::string reason;            // of the decision
    // What admission has to say.
    std::shared_ptr<registry::Annotations> annotations = std::make_shared<registry::Annotations>();
  };

  // A response that stands before `inner` and writes the event when that is answered or dropped.
  // `notes` may be filled in until then.
  std::shared_ptr<apiserver::Response> Follow(const apiserver::Request& request,
                                              std::shared_ptr<Notes> notes,
                                              std::shared_ptr<apiserver::Response> inner);

  void Write(std::string line);

 private:
  explicit AuditLog(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace kvplane::auth
