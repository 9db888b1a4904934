#include "sql/sqlite/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "sql/sqlite/connection.h"
#include "sql/sqlite/database_file.h"

namespace kvshim::sql::sqlite {
namespace {

constexpr int kPagesAStep = 1024;
constexpr size_t kPieceBytes = size_t{64} << 10;

// The copy's file: loses its name at the latest when the scope ends.
class CopyFile {
 public:
  explicit CopyFile(const std::string& database_path) {
    static std::atomic<uint64_t> number{0};
    path_ = base::Concat(database_path, ".snapshot-", static_cast<int64_t>(getpid()), "-",
                         number.fetch_add(1));
    unlink(path_.c_str());
  }
  ~CopyFile() {
    unlink(path_.c_str());
    if (descriptor_ >= 0) close(descriptor_);
  }
  const std::string& path() const { return path_; }

  // Opens the finished copy and takes its name away.
  absl::StatusOr<int> OpenNameless() {
    descriptor_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) return SystemError(path_, "reading the copy back", errno);
    unlink(path_.c_str());
    return descriptor_;
  }

 private:
  std::string path_;
  int descriptor_ = -1;
};

struct CloseHandle {
  void operator()(sqlite3* handle) const { sqlite3_close(handle); }
};
struct FinishBackup {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

// Copies page by page from `source`, whose open read transaction holds the moment still.
absl::Status Copy(Connection& source, const std::string& path, const FaultHook& fault) {
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &opened,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  const std::unique_ptr<sqlite3, CloseHandle> target(opened);
  // A copy that did not come to its end is thrown away: it needs neither journal nor flushes.
  if (code != SQLITE_OK ||
      sqlite3_exec(opened, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", nullptr, nullptr,
                   nullptr) != SQLITE_OK) {
    return source.Error(code != SQLITE_OK ? code : sqlite3_errcode(opened), "making a copy");
  }
  std::unique_ptr<sqlite3_backup, FinishBackup> backup(
      sqlite3_backup_init(opened, "main", source.handle(), "main"));
  if (backup == nullptr) return source.Error(sqlite3_extended_errcode(opened), "making a copy");
  for (;;) {
    const int step = sqlite3_backup_step(backup.get(), kPagesAStep);
    if (step == SQLITE_DONE) break;
    if (step != SQLITE_OK) return source.Error(step, "making a copy");
    RETURN_IF_ERROR(Reach(fault, FaultPoint::kInSnapshot));
  }
  const int finish = sqlite3_backup_finish(backup.release());
  return finish == SQLITE_OK ? absl::OkStatus() : source.Error(finish, "making a copy");
}

absl::Status Stream(const CopyFile& file, int descriptor,
                    const std::function<bool(std::string_view, uint64_t)>& sink) {
  struct stat info;
  if (fstat(descriptor, &info) != 0) return SystemError(file.path(), "reading it back", errno);
  auto remaining = static_cast<uint64_t>(info.st_size);
  std::vector<char> buffer(kPieceBytes);
  while (remaining > 0) {
    const ssize_t size = read(descriptor, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return SystemError(file.path(), "reading it back", size < 0 ? errno : EIO);
    remaining -= static_cast<uint64_t>(size);
    if (!sink({buffer.data(), static_cast<size_t>(size)}, remaining)) {
      return absl::CancelledError("the snapshot's receiver stopped");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status StreamSnapshot(const Options& options, const FaultHook& fault,
                            const std::function<bool(std::string_view, uint64_t)>& sink) {
  CopyFile file(options.path);
  {
    ASSIGN_OR_RETURN(auto source, Connection::Open(options, Connection::Role::kReader));
    ASSIGN_OR_RETURN(Transaction transaction,
                     Transaction::Begin(*source, Transaction::Mode::kRead));
    ASSIGN_OR_RETURN(const int64_t pages, source->Number("PRAGMA page_count"));
    ASSIGN_OR_RETURN(const int64_t page_size, source->Number("PRAGMA page_size"));
    RETURN_IF_ERROR(source->Number("SELECT count(*) FROM kv_meta").status());
    RETURN_IF_ERROR(CheckFreeSpace(options.path,
                                   std::filesystem::path(options.path).parent_path().string(),
                                   pages * page_size));
    RETURN_IF_ERROR(Copy(*source, file.path(), fault));
  }
  ASSIGN_OR_RETURN(const int descriptor, file.OpenNameless());
  return Stream(file, descriptor, sink);
}

}  // namespace kvshim::sql::sqlite
