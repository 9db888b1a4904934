// Requests' answers as text, field by field: two answers are the same where their texts are.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kvshim/request.h"
#include "mvcc/revision.h"

namespace kvshim::mvcc {

std::string Quote(std::string_view bytes);

std::string Describe(const KeyValue& kv);
std::string Describe(const Revision& revision);
std::string Describe(const RangeResponse& response);
std::string Describe(const PutResponse& response);
std::string Describe(const DeleteRangeResponse& response);
std::string Describe(const TxnResponse& response);
std::string Describe(const absl::Status& status);

template <typename Response>
std::string Describe(const absl::StatusOr<Response>& response) {
  return response.ok() ? Describe(*response) : Describe(response.status());
}

// For the messages of failed expectations.
std::string Describe(const RangeRequest& request);
std::string Describe(const PutRequest& request);
std::string Describe(const DeleteRangeRequest& request);
std::string Describe(const TxnRequest& request);

}  // namespace kvshim::mvcc
