#include "read_calls.h"

#include <algorithm>
#include <random>

#include "base/status.h"
#include "base/strings.h"
#include "connections.h"
#include "keyspace.h"

namespace kvshim::bench {

ReadCalls::ReadCalls(const std::vector<etcdserverpb::RangeRequest>& requests, size_t least_bytes)
    : least_bytes_(least_bytes) {
  for (const auto& request : requests) requests_.push_back(Serialize(request));
}

const char* ReadCalls::method() const { return kRange; }

grpc::ByteBuffer ReadCalls::Next(int) { return requests_[next_++ % requests_.size()]; }

absl::Status ReadCalls::Check(int, grpc::ByteBuffer& reply) {
  if (reply.Length() >= least_bytes_) return absl::OkStatus();
  return absl::InternalError(base::Concat("a read was answered with ", reply.Length(),
                                          " bytes; at least ", least_bytes_, " belong in it"));
}

CountCalls::CountCalls(const std::string& prefix, int64_t expected) : expected_(expected) {
  etcdserverpb::RangeRequest request = ListRequest(prefix, 0);
  request.set_count_only(true);
  request_ = Serialize(request);
}

const char* CountCalls::method() const { return kRange; }

grpc::ByteBuffer CountCalls::Next(int) { return request_; }

absl::Status CountCalls::Check(int, grpc::ByteBuffer& reply) {
  RETURN_IF_ERROR(Parse(reply, &reply_));
  if (reply_.count() == expected_) return absl::OkStatus();
  return absl::InternalError(base::Concat("counted ", reply_.count(), " of ", expected_));
}

std::vector<etcdserverpb::RangeRequest> GetRequests(const std::string& prefix, int64_t count,
                                                    bool serializable) {
  std::vector<etcdserverpb::RangeRequest> requests(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    requests[static_cast<size_t>(i)].set_key(KeyOf(prefix, i));
    requests[static_cast<size_t>(i)].set_serializable(serializable);
  }
  std::shuffle(requests.begin(), requests.end(), std::mt19937(1));
  return requests;
}

etcdserverpb::RangeRequest ListRequest(const std::string& prefix, int64_t limit) {
  etcdserverpb::RangeRequest request;
  request.set_key(PrefixOf(prefix));
  request.set_range_end(PrefixEndOf(prefix));
  request.set_limit(limit);
  return request;
}

}  // namespace kvshim::bench
