// Refusal: the Status that ends an exchange which does not come as far as the API: malformed,
// unknown, forbidden, too much.
//
// Thread safety: pure.
//
//   Refuse(*response, {.code = 403, .reason = "Forbidden", .message = "…"});
#pragma once

#include <string>

#include "apiserver/exchange.h"

namespace kvplane::apiserver {

struct Refusal {
  int code = 500;
  std::string reason;   // "Forbidden"
  std::string message;  // for people
  // What it is about, where that is an object; all may be empty.
  std::string name;
  std::string group;
  std::string resource;
  int retry_after_seconds = 0;
};

// The document of a Status, as JSON.
std::string StatusDocument(const Refusal& refusal);

void Refuse(Response& response, const Refusal& refusal);

}  // namespace kvplane::apiserver
