// FaultVfs: SQLite's file layer with failures on demand, the default one while it exists.
//
//   FaultVfs vfs;
//   vfs.FailWrites(SQLITE_FULL, /*after=*/3, ".db-wal");   // the fourth write on fails
//   vfs.Heal();
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <string>
#include <string_view>

namespace kvshim::testing {

class FaultVfs {
 public:
  FaultVfs() : base_(sqlite3_vfs_find(nullptr)), vfs_(*base_) {
    vfs_.zName = "kvshim-fault";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + base_->szOsFile;
    vfs_.pAppData = this;
    vfs_.pNext = nullptr;
    vfs_.xOpen = &FaultVfs::Open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(base_, 1);
  }

  void FailWrites(int code, int after, std::string_view suffix) {
    suffix_ = suffix;
    write_countdown_ = after;
    write_code_ = code;
  }
  void FailSyncs(int code, std::string_view suffix) {
    suffix_ = suffix;
    sync_code_ = code;
  }
  void Heal() { write_code_ = sync_code_ = SQLITE_OK; }
  int syncs() const { return syncs_; }

 private:
  struct File {
    sqlite3_file base;
    FaultVfs* vfs;
    bool chosen(const FaultVfs& from) const {
      return std::string_view(name).ends_with(from.suffix_);
    }
    char name[512];
    sqlite3_io_methods methods;
    const sqlite3_io_methods* below;
  };

  // The real file follows ours. Our table of methods is a copy of the real one with two changed;
  // each call passes the real file on.
  static sqlite3_file* Below(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
  }

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    auto* self = static_cast<FaultVfs*>(vfs->pAppData);
    File* ours = reinterpret_cast<File*>(file);
    sqlite3_file* below = Below(file);
    const int code = self->base_->xOpen(self->base_, name, below, flags, out);
    ours->base.pMethods = nullptr;
    if (code != SQLITE_OK) return code;
    ours->vfs = self;
    ours->below = below->pMethods;
    std::strncpy(ours->name, name != nullptr ? name : "", sizeof(ours->name) - 1);
    ours->name[sizeof(ours->name) - 1] = '\0';
    ours->methods = kMethods;
    ours->methods.iVersion = below->pMethods->iVersion < 2 ? below->pMethods->iVersion : 2;
    ours->base.pMethods = &ours->methods;
    return SQLITE_OK;
  }

  static int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    File* ours = reinterpret_cast<File*>(file);
    FaultVfs& self = *ours->vfs;
    if (self.write_code_ != SQLITE_OK && ours->chosen(self) && self.write_countdown_-- <= 0) {
      return self.write_code_;
    }
    return ours->below->xWrite(Below(file), data, size, offset);
  }
  static int Sync(sqlite3_file* file, int flags) {
    File* ours = reinterpret_cast<File*>(file);
    FaultVfs& self = *ours->vfs;
    ++self.syncs_;
    if (self.sync_code_ != SQLITE_OK && ours->chosen(self)) return self.sync_code_;
    return ours->below->xSync(Below(file), flags);
  }

#define KVSHIM_PASS(name, parameters, ...)                                            \
  static int name parameters {                                                        \
    return reinterpret_cast<File*>(file)->below->x##name(Below(file), ##__VA_ARGS__); \
  }
  KVSHIM_PASS(Close, (sqlite3_file * file))
  KVSHIM_PASS(Read, (sqlite3_file * file, void* to, int size, sqlite3_int64 at), to, size, at)
  KVSHIM_PASS(Truncate, (sqlite3_file * file, sqlite3_int64 size), size)
  KVSHIM_PASS(FileSize, (sqlite3_file * file, sqlite3_int64* size), size)
  KVSHIM_PASS(Lock, (sqlite3_file * file, int level), level)
  KVSHIM_PASS(Unlock, (sqlite3_file * file, int level), level)
  KVSHIM_PASS(CheckReservedLock, (sqlite3_file * file, int* held), held)
  KVSHIM_PASS(FileControl, (sqlite3_file * file, int op, void* argument), op, argument)
  KVSHIM_PASS(SectorSize, (sqlite3_file * file))
  KVSHIM_PASS(DeviceCharacteristics, (sqlite3_file * file))
  KVSHIM_PASS(ShmMap, (sqlite3_file * file, int page, int size, int extend, void volatile** out),
              page, size, extend, out)
  KVSHIM_PASS(ShmLock, (sqlite3_file * file, int offset, int n, int flags), offset, n, flags)
  static void ShmBarrier(sqlite3_file* file) {
    reinterpret_cast<File*>(file)->below->xShmBarrier(Below(file));
  }
  KVSHIM_PASS(ShmUnmap, (sqlite3_file * file, int remove), remove)
#undef KVSHIM_PASS

  static constexpr sqlite3_io_methods kMethods = {2,
                                                  &Close,
                                                  &Read,
                                                  &Write,
                                                  &Truncate,
                                                  &Sync,
                                                  &FileSize,
                                                  &Lock,
                                                  &Unlock,
                                                  &CheckReservedLock,
                                                  &FileControl,
                                                  &SectorSize,
                                                  &DeviceCharacteristics,
                                                  &ShmMap,
                                                  &ShmLock,
                                                  &ShmBarrier,
                                                  &ShmUnmap,
                                                  nullptr,
                                                  nullptr};

  sqlite3_vfs* const base_;
  sqlite3_vfs vfs_;
  std::string suffix_;
  std::atomic<int> write_countdown_{0};
  std::atomic<int> write_code_{SQLITE_OK};
  std::atomic<int> sync_code_{SQLITE_OK};
  std::atomic<int> syncs_{0};
};

}  // namespace kvshim::testing
