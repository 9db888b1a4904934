// Random identifiers, as UUIDs of version 4 have them.
//
// Thread safety: may be called from any thread.
#pragma once

#include <string>

namespace kvplane::auth {

std::string RandomIdentifier();  // "8f14e45f-ceea-467f-a2b5-0c1d8a3f6b21"

}  // namespace kvplane::auth
