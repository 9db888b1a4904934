#include "keyspace.h"

#include <algorithm>
#include <random>

#include "base/status.h"
#include "base/strings.h"
#include "rpc.pb.h"

namespace kvshim::bench {

std::string KeyOf(const std::string& prefix, int64_t number) {
  const std::string digits = std::to_string(number);
  return base::Concat(PrefixOf(prefix), std::string(10 - std::min<size_t>(10, digits.size()), '0'),
                      digits);
}

std::string PrefixOf(const std::string& prefix) { return base::Concat("/bench/", prefix, "/"); }

// '0' follows '/'.
std::string PrefixEndOf(const std::string& prefix) { return base::Concat("/bench/", prefix, "0"); }

std::string ValueOf(size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string value(size, '\0');
  for (char& byte : value) byte = static_cast<char>(random());
  return value;
}

absl::Status Populate(Connections& connections, const std::string& prefix, int64_t count,
                      size_t value_size) {
  constexpr int64_t kBatch = 100;
  const std::string value = ValueOf(value_size);
  etcdserverpb::TxnRequest request;
  etcdserverpb::TxnResponse reply;
  for (int64_t begin = 0; begin < count; begin += kBatch) {
    request.Clear();
    for (int64_t i = begin; i < std::min(count, begin + kBatch); ++i) {
      auto* put = request.add_success()->mutable_request_put();
      put->set_key(KeyOf(prefix, i));
      put->set_value(value);
    }
    RETURN_IF_ERROR(connections.Call(kTxn, request, &reply));
  }
  return absl::OkStatus();
}

}  // namespace kvshim::bench
