// Requests as they come over the wire, turned into the store's own. Keys and values are moved, not
// copied. Unknown enum values are etcd's errors, or its defaults, as noted there.
#pragma once

#include "absl/status/statusor.h"
#include "kvshim/request.h"
#include "kvshim/watch.h"
#include "rpc.pb.h"

namespace kvshim::etcd {

RangeRequest Decode(etcdserverpb::RangeRequest& request);
PutRequest Decode(etcdserverpb::PutRequest& request);
DeleteRangeRequest Decode(etcdserverpb::DeleteRangeRequest& request);
TxnRequest Decode(etcdserverpb::TxnRequest& request);
WatchRequest Decode(etcdserverpb::WatchCreateRequest& request);

}  // namespace kvshim::etcd
