// The first bytes of a connection, as they come in pieces: once the protocol is decided it stays so
// whatever follows. And a request's target, taken apart.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/pages.h"
#include "http/protocol.h"

namespace {

using kvshim::http::Protocol;

void Demand(bool holds) {
  if (!holds) std::abort();
}

void InPieces(Protocol (*decide)(std::string_view), std::string_view bytes) {
  Protocol decided = Protocol::kUndecided;
  const size_t step = bytes.size() / 64 + 1;
  for (size_t size = 0; size <= bytes.size(); size += step) {
    const Protocol now = decide(bytes.substr(0, size));
    Demand(decided == Protocol::kUndecided || now == decided);
    decided = now;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  InPieces(kvshim::http::ProtocolOf, bytes);
  InPieces(kvshim::http::ProtocolOfTls, bytes);
  const auto request = kvshim::http::Request::Parse("GET", bytes);
  Demand(bytes.starts_with(request.path));
  Demand(kvshim::http::Pages().Serve(request).status == 404);
  return 0;
}
