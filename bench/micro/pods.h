// Pods: keys, values and requests as a Kubernetes API server sends them for its pods.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "kvshim/request.h"

namespace kvshim::micro {

inline constexpr const char* kPods = "/registry/pods/";
inline constexpr const char* kPodsEnd = "/registry/pods0";

// Keys ascend with their numbers.
inline std::string PodKey(int64_t number) {
  char key[64];
  std::snprintf(key, sizeof(key), "/registry/pods/default/pod-%08lld",
                static_cast<long long>(number));
  return key;
}

inline std::string PodValue(size_t size = 1024) { return std::string(size, 'v'); }

// Puts the pod where it does not exist.
inline TxnRequest CreatePod(const std::string& key, const std::string& value) {
  TxnRequest txn;
  txn.compare.push_back({.target = CompareTarget::kMod, .key = key, .number = 0});
  txn.success.push_back(PutRequest{.key = key, .value = value});
  return txn;
}

// Puts the pod where it is as it was read, and gets it where it is not.
inline TxnRequest UpdatePod(const std::string& key, int64_t mod_revision,
                            const std::string& value) {
  TxnRequest txn;
  txn.compare.push_back({.target = CompareTarget::kMod, .key = key, .number = mod_revision});
  txn.success.push_back(PutRequest{.key = key, .value = value});
  txn.failure.push_back(RangeRequest{.key = key});
  return txn;
}

}  // namespace kvshim::micro
