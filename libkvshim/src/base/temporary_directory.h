// TemporaryDirectory: a directory that is gone, with what is in it, at the end of the scope.
//
// Thread safety: a value that is moved by pointer.
//
//   ASSIGN_OR_RETURN(auto directory, TemporaryDirectory::Make(""));
//   const std::string file = directory->path() + "/copy.db";
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace kvshim::base {

class TemporaryDirectory {
 public:
  // In `parent`, or where that is empty or takes none, where TMPDIR says.
  static absl::StatusOr<std::unique_ptr<TemporaryDirectory>> Make(const std::string& parent);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

}  // namespace kvshim::base
