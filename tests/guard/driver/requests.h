// Requests: the bytes of what a Kubernetes API server sends.
#pragma once

#include <cstdint>
#include <string>

#include "micro/pods.h"
#include "rpc.pb.h"

namespace kvshim::guard {

inline std::string GetBytes(const std::string& key) {
  etcdserverpb::RangeRequest request;
  request.set_key(key);
  return request.SerializeAsString();
}

// The first `limit` pods; 0: only how many there are.
inline std::string ListBytes(int64_t limit) {
  etcdserverpb::RangeRequest request;
  request.set_key(micro::kPods);
  request.set_range_end(micro::kPodsEnd);
  request.set_limit(limit);
  request.set_count_only(limit == 0);
  return request.SerializeAsString();
}

inline std::string PutBytes(const std::string& key, const std::string& value) {
  etcdserverpb::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  return request.SerializeAsString();
}

// Puts where the key's revision is this one, 0: where there is no such key; else gets it.
inline std::string GuardedPutBytes(const std::string& key, int64_t mod_revision,
                                   const std::string& value) {
  etcdserverpb::TxnRequest request;
  etcdserverpb::Compare& guard = *request.add_compare();
  guard.set_target(etcdserverpb::Compare::MOD);
  guard.set_key(key);
  guard.set_mod_revision(mod_revision);
  etcdserverpb::PutRequest& put = *request.add_success()->mutable_request_put();
  put.set_key(key);
  put.set_value(value);
  if (mod_revision != 0) request.add_failure()->mutable_request_range()->set_key(key);
  return request.SerializeAsString();
}

}  // namespace kvshim::guard
