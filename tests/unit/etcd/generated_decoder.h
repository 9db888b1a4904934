// Requests read by protobuf's generated classes: what Parse must agree with.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "kvshim/request.h"
#include "rpc.pb.h"

namespace kvshim::etcd {

TxnRequest Decode(etcdserverpb::TxnRequest& request);
RangeRequest Decode(etcdserverpb::RangeRequest& request);
PutRequest Decode(etcdserverpb::PutRequest& request);
DeleteRangeRequest Decode(etcdserverpb::DeleteRangeRequest& request);

// Everything that is in them.
std::string Describe(const RangeRequest& request);
std::string Describe(const PutRequest& request);
std::string Describe(const DeleteRangeRequest& request);
std::string Describe(const TxnRequest& request);

}  // namespace kvshim::etcd
