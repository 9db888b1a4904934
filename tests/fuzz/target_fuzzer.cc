// Request targets: whatever a client writes there, a path that is taken has no segment . or .. and
// no byte of zero, and what authorization reads of it does not fail.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "apiserver/request_info.h"
#include "https/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = kvplane::https::Target::Parse(text);
  if (!target.ok()) return 0;
  const std::string path = target->path + "/";
  if (path.front() != '/' || path.find('\0') != path.npos || path.find("/../") != path.npos ||
      path.find("/./") != path.npos) {
    std::abort();
  }
  const auto info = kvplane::apiserver::RequestInfo::Of(
      {.method = "GET", .path = target->path, .query = target->query});
  if (info.is_resource && info.resource.empty()) std::abort();
  return 0;
}
