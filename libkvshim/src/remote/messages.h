// Messages: our requests as etcd's messages, and its answers as ours.
//
// Thread safety: pure functions.
#pragma once

#include "absl/status/statusor.h"
#include "kvshim/request.h"
#include "kvshim/watch.h"
#include "rpc.pb.h"

namespace kvshim::remote {

etcdserverpb::RangeRequest ToMessage(const RangeRequest& request);
etcdserverpb::PutRequest ToMessage(const PutRequest& request);
etcdserverpb::DeleteRangeRequest ToMessage(const DeleteRangeRequest& request);
etcdserverpb::TxnRequest ToMessage(const TxnRequest& request);
etcdserverpb::WatchCreateRequest ToMessage(const WatchRequest& request);

KeyValue FromMessage(const mvccpb::KeyValue& message);
RangeResponse FromMessage(const etcdserverpb::RangeResponse& message);
PutResponse FromMessage(const etcdserverpb::PutResponse& message);
DeleteRangeResponse FromMessage(const etcdserverpb::DeleteRangeResponse& message);
TxnResponse FromMessage(const etcdserverpb::TxnResponse& message);
WatchEvent FromMessage(const mvccpb::Event& message);

}  // namespace kvshim::remote
