#include "rpc/server_context.h"

#include <grpc/grpc_security_constants.h>
#include <grpc/support/time.h>

#include "base/strings.h"

namespace kvshim::rpc {

std::optional<std::string> MetadataOf(const grpc::ServerContext& context, std::string_view key) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(grpc::string_ref(key.data(), key.size()));
  if (found == metadata.end()) return std::nullopt;
  return std::string(found->second.data(), found->second.size());
}

std::string CommonNameOf(const grpc::ServerContext& context) {
  const auto auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return {};
  const auto names = auth->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME);
  return names.empty() ? std::string() : std::string(names[0].data(), names[0].size());
}

base::TimePoint DeadlineOf(const grpc::ServerContext& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
    return base::TimePoint::max();
  }
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  // A client may ask for centuries.
  constexpr int64_t kLongest = int64_t{100} * 365 * 86400;
  if (left.tv_sec > kLongest) return base::TimePoint::max();
  return base::Clock::Real().Now() + std::chrono::seconds(left.tv_sec) +
         std::chrono::nanoseconds(left.tv_nsec);
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()),
          std::string(base::FromAbsl(status.message()))};
}

}  // namespace kvshim::rpc
