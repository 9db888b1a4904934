// Which protocol a client speaks, told from its first bytes: HTTP/2 by its preface, or by the ALPN
// list of a TLS ClientHello; everything else is HTTP/1.1.
//
// A client that offers both in its ALPN list (a browser, curl) gets HTTP/1.1, which has the pages;
// gRPC's clients offer h2 only.
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

namespace kvshim::http {

enum class Protocol {
  kUndecided,  // more bytes are needed
  kHttp1,
  kHttp2,
  kInvalid,  // neither: to be closed
};

Protocol ProtocolOf(std::string_view first_bytes);
// The same where the listener wants TLS; the bytes begin with a ClientHello.
Protocol ProtocolOfTls(std::string_view first_bytes);

}  // namespace kvshim::http
