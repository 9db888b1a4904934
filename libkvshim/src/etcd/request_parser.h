// The requests that there are most of, read from their wire form straight into the store's own.
// Generated classes would be filled first and emptied then: half of what a transaction cost before
// it reached the store. Unknown enum values are etcd's errors, or its defaults, as noted there.
//
// False: the bytes are not such a message. Fields of `out` that the bytes do not name stay.
//
// Thread safety: plain functions.
//
//   TxnRequest request;
//   if (!Parse(call.request().bytes(), request)) return call.Finish(Malformed());
#pragma once

#include <string_view>

#include "kvshim/request.h"

namespace kvshim::etcd {

bool Parse(std::string_view bytes, RangeRequest& out);
bool Parse(std::string_view bytes, PutRequest& out);
bool Parse(std::string_view bytes, DeleteRangeRequest& out);
bool Parse(std::string_view bytes, TxnRequest& out);

}  // namespace kvshim::etcd
