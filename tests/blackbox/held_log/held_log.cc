// Loaded into a database server (LD_PRELOAD): holds back what it writes to its redo log as long as
// the file is there that HELD_LOG names. Other sessions see commits meanwhile that a SIGKILL takes
// back: what a machine does that loses its power in between, here for as long as a test wants.
#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using Write = ssize_t (*)(int, const void*, size_t, off64_t);

bool IsRedoLog(int file) {
  char link[32];
  char path[4096];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  if (size <= 0) return false;
  path[size] = '\0';
  return std::strstr(path, "/ib_logfile") != nullptr;
}

ssize_t WriteUnlessHeld(const char* name, int file, const void* bytes, size_t size, off64_t at) {
  static const char* const held = std::getenv("HELD_LOG");
  while (held != nullptr && access(held, F_OK) == 0 && IsRedoLog(file)) usleep(1000);
  return reinterpret_cast<Write>(dlsym(RTLD_NEXT, name))(file, bytes, size, at);
}

}  // namespace

extern "C" ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  return WriteUnlessHeld("pwrite", file, bytes, size, at);
}
extern "C" ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  return WriteUnlessHeld("pwrite64", file, bytes, size, at);
}
