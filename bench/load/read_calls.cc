#include "read_calls.h"

#include <algorithm>
#include <random>

#include "base/status.h"
#include "base/strings.h"
#include "connections.h"
#include "google/protobuf/io/coded_stream.h"
#include "keyspace.h"

namespace kvshim::bench {
namespace {

absl::Status CheckSize(const Reply& reply, size_t least) {
  if (reply.size >= least) return absl::OkStatus();
  return absl::InternalError(base::Concat("a read was answered with ", reply.size,
                                          " bytes; at least ", least, " belong in it"));
}

// The revision in the header of a reply, of which there may be only the beginning.
int64_t RevisionOf(const Reply& reply) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(reply.bytes.data()),
                                               static_cast<int>(reply.bytes.size()));
  etcdserverpb::ResponseHeader header;
  uint32_t size = 0;
  constexpr uint32_t kHeaderTag = 1 << 3 | 2;
  if (input.ReadTag() != kHeaderTag || !input.ReadVarint32(&size)) return 0;
  const auto limit = input.PushLimit(static_cast<int>(size));
  if (!header.ParseFromCodedStream(&input)) return 0;
  input.PopLimit(limit);
  return header.revision();
}

}  // namespace

ReadCalls::ReadCalls(const std::vector<etcdserverpb::RangeRequest>& requests, size_t least_bytes)
    : least_bytes_(least_bytes) {
  for (const auto& request : requests) requests_.push_back(request.SerializeAsString());
}

const char* ReadCalls::Next(int, std::string& request) {
  request = requests_[next_++ % requests_.size()];
  return kRange;
}

absl::Status ReadCalls::Check(int, const Reply& reply) { return CheckSize(reply, least_bytes_); }

CountCalls::CountCalls(const std::string& prefix, int64_t expected) : expected_(expected) {
  etcdserverpb::RangeRequest request = ListRequest(prefix, 0);
  request.set_count_only(true);
  request_ = request.SerializeAsString();
}

const char* CountCalls::Next(int, std::string& request) {
  request = request_;
  return kRange;
}

absl::Status CountCalls::Check(int, const Reply& reply) {
  RETURN_IF_ERROR(Parse(reply, &reply_));
  if (reply_.count() == expected_) return absl::OkStatus();
  return absl::InternalError(base::Concat("counted ", reply_.count(), " of ", expected_));
}

PageCalls::PageCalls(std::string prefix, int64_t count, int64_t page, int clients)
    : prefix_(std::move(prefix)),
      count_(count),
      page_(page),
      clients_(static_cast<size_t>(clients)) {}

const char* PageCalls::Next(int client, std::string& request) {
  const Client& own = clients_[static_cast<size_t>(client)];
  etcdserverpb::RangeRequest range = ListRequest(prefix_, page_);
  range.set_revision(own.revision);
  if (own.next_key > 0) range.set_key(KeyOf(prefix_, own.next_key));
  request = range.SerializeAsString();
  return kRange;
}

absl::Status PageCalls::Check(int client, const Reply& reply) {
  Client& own = clients_[static_cast<size_t>(client)];
  // A key and its value; that the pages hold the right keys is for other tests.
  const int64_t keys = std::min(page_, count_ - own.next_key);
  RETURN_IF_ERROR(CheckSize(reply, static_cast<size_t>(keys) * KeyOf(prefix_, 0).size()));
  if (own.next_key == 0) own.revision = RevisionOf(reply);
  if (own.revision == 0) return absl::InternalError("a page came without a revision");
  own.next_key += keys;
  if (own.next_key >= count_) own = {};
  return absl::OkStatus();
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
