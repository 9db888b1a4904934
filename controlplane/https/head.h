// The head of an answer, as it goes over the wire.
//
// Thread safety: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apiserver/exchange.h"

namespace kvplane::https {

struct Framing {
  std::optional<uint64_t> length;  // without: in chunks, or up to the connection's end
  bool chunked = false;
  bool keep_alive = true;
};

// "HTTP/1.1 200 OK\r\n…\r\n\r\n". Line breaks in `headers` are left out.
std::string Head(int status, const apiserver::Pairs& headers, const Framing& framing);

}  // namespace kvplane::https
