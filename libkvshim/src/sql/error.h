// What a database's failure means to the log: the one thing each dialect translates its own error
// codes into. A status made here carries its kind, so that layers above need no text matching.
//
// Thread safety: values and pure functions.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace kvshim::sql {

enum class ErrorKind {
  kNone,         // not a database error
  kConflict,     // the head moved: evaluate again (kAborted)
  kBusy,         // a lock was not had in time; nothing was written (kUnavailable)
  kAmbiguous,    // the commit may or may not have happened: find out before going on (kUnavailable)
  kFull,         // no room on the device, or a limit of the database (kResourceExhausted)
  kReadOnly,     // the database or its file system takes no writes (kFailedPrecondition)
  kPermission,   // the file may not be opened so, the user or password is refused, or a right is
                 // missing (kPermissionDenied)
  kNoDatabase,   // the server has no database of that name (kNotFound)
  kHeld,         // another process has the database open (kFailedPrecondition)
  kForeign,      // not a database of kvshim (kFailedPrecondition)
  kNewerSchema,  // written by a newer kvshim (kFailedPrecondition)
  kCorrupt,      // the contents contradict themselves (kDataLoss)
  kIo,           // reading or writing failed, nothing was committed (kUnavailable)
  kStopped,      // the database is closing (kUnavailable)
  kOther,        // a mistake of ours, out of memory (kInternal)
};

std::string_view NameOf(ErrorKind kind);

// What to do where a handshake failed for a certificate.
inline constexpr std::string_view kCertificateFix =
    "; check that --ca-file names the authority of the server's certificate, and that the "
    "certificate names the host";

// A status of the code that `kind` stands for, which KindOf reads back.
absl::Status MakeError(ErrorKind kind, std::string_view message);

ErrorKind KindOf(const absl::Status& status);

}  // namespace kvshim::sql
