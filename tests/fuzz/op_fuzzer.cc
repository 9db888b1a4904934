// Bytes of a database taken for the ops of a batch: refused, or read and written back the same.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "log/op.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto ops = kvshim::log::DecodeOps(bytes);
  if (ops.ok() && kvshim::log::EncodeOps(*ops) != bytes) std::abort();
  return 0;
}
