// The replies whose size matters, written straight into the message in protobuf's wire form: a
// value that lies in the cache is referenced from there, not copied. Everything else goes through
// the generated classes.
//
// Thread safety: plain functions.
#pragma once

#include <cstdint>

#include "kvshim/request.h"
#include "rpc/message.h"
#include "watch/response.h"

namespace kvshim::etcd {

// The ResponseHeader of every reply.
struct Header {
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  int64_t revision = 0;
  uint64_t raft_term = 0;
};

rpc::Message Encode(const Header& header, const RangeResponse& response);
rpc::Message Encode(const Header& header, const PutResponse& response);
rpc::Message Encode(const Header& header, const DeleteRangeResponse& response);
rpc::Message Encode(const Header& header, const TxnResponse& response);

// One message of RangeStream: the last with its header, more and count, the others without.
rpc::Message EncodePart(const Header& header, const RangeResponse& response);
rpc::Message EncodePart(const RangeResponse& response);

// The events [first, last) of a watch response, all its other fields, and whether more follow in
// another message.
rpc::Message Encode(const Header& header, const watch::Response& response, size_t first,
                    size_t last, bool fragment);

}  // namespace kvshim::etcd
