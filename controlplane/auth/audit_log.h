// AuditLog: a line of JSON for each stage of a request that the policy wants to be told of: who, as
// whom, did what to which object, and how it ended; as Kubernetes' audit events. Bodies are in it
// where the policy (audit_policy.h) says so.
//
// Thread safety: every method may be called from any thread. A line is written with one write(2),
// so that several processes may share a file, and logrotate may truncate it; a file that is rotated
// by its size is one process's.
//
//   ASSIGN_OR_RETURN(auto audit, AuditLog::Open({.path = "/var/log/kvplane-audit.log"}));
//   response = audit->Follow(request, notes, std::move(response));   // writes when answered
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"
#include "auth/audit_policy.h"
#include "base/mutex.h"

namespace kvplane::auth {

struct AuditLogOptions {
  std::string path;  // "-": standard output
  AuditPolicy policy;
  // A file that would grow beyond it is put aside, and a new one begun; 0: it grows.
  size_t most_bytes = 0;
  // Of those put aside; 0: any number, and however old.
  size_t most_backups = 0;
  std::chrono::hours longest_kept{0};
};

class AuditLog {
 public:
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(AuditLogOptions options);
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

  // A response that stands before `inner` and writes events as it is answered, or dropped; `inner`
  // itself where the policy wants to be told of nothing. `notes` must say who asks; the rest may be
  // filled in until the answer.
  std::shared_ptr<apiserver::Response> Follow(const apiserver::Request& request,
                                              std::shared_ptr<Notes> notes,
                                              std::shared_ptr<apiserver::Response> inner);

  void Write(std::string line);

 private:
  AuditLog(AuditLogOptions options, int fd) : options_(std::move(options)), fd_(fd) {}

  // Puts the file aside where it cannot take so many more bytes.
  void RotateFor(size_t bytes) REQUIRES(mutex_);
  void RemoveOld() REQUIRES(mutex_);

  const AuditLogOptions options_;
  kvshim::base::Mutex mutex_;
  int fd_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::auth
