// TlsContext: the TLS of the listener. Clients are asked for a certificate, and may show any or
// none: whom it stands for is authentication's to say.
//
// Thread safety: pure function.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "absl/status/statusor.h"
#include "https/tls_identity.h"

namespace kvplane::https {

absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> MakeTlsContext(
    const TlsIdentity& identity);

}  // namespace kvplane::https
