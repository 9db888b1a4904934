// A text taken for the name of a database: refused with a message, or taken apart into parts that
// are parts of it.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "sql/dsn.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto dsn = kvshim::sql::Dsn::Parse(text);
  if (!dsn.ok()) {
    if (dsn.status().message().empty()) std::abort();
    return 0;
  }
  // What an address must be is the dialect's business; SQLite's is never empty.
  if (dsn->scheme.empty()) std::abort();
  if (dsn->scheme == kvshim::sql::kSqliteScheme && dsn->address.empty()) std::abort();
  if (text.find(dsn->address) == std::string::npos &&
      dsn->address != kvshim::sql::kDefaultSqlitePath) {
    std::abort();
  }
  for (const auto& [name, value] : dsn->parameters) {
    if (dsn->Find(name) == nullptr) std::abort();
  }
  return 0;
}
