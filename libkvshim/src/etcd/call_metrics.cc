#include "etcd/call_metrics.h"

#include <chrono>
#include <string>

namespace kvshim::etcd {
namespace {

// As grpc-go writes them.
constexpr std::array<const char*, 17> kCodeNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

const char* NameOf(rpc::MethodType type) {
  switch (type) {
    case rpc::MethodType::kUnary:
      return "unary";
    case rpc::MethodType::kServerStreaming:
      return "server_stream";
    case rpc::MethodType::kBidi:
      break;
  }
  return "bidi_stream";
}

}  // namespace

CallMetrics::CallMetrics(base::MetricsRegistry& registry)
    : registry_(registry),
      sent_bytes_(registry.AddCounter("etcd_network_client_grpc_sent_bytes_total",
                                      "The total number of bytes sent to grpc clients.")),
      received_bytes_(
          registry.AddCounter("etcd_network_client_grpc_received_bytes_total",
                              "The total number of bytes received from grpc clients.")) {}

void CallMetrics::OnMethods(const std::vector<const rpc::Method*>& methods) {
  for (const rpc::Method* method : methods) {
    base::Labels labels{{"grpc_service", method->service},
                        {"grpc_method", method->name},
                        {"grpc_type", NameOf(method->type)}};
    auto metrics = std::make_unique<MethodMetrics>();
    metrics->started = &registry_.AddCounter("grpc_server_started_total",
                                             "Total number of RPCs started on the server.", labels);
    metrics->messages_received = &registry_.AddCounter(
        "grpc_server_msg_received_total",
        "Total number of RPC stream messages received on the server.", labels);
    metrics->messages_sent =
        &registry_.AddCounter("grpc_server_msg_sent_total",
                              "Total number of gRPC stream messages sent by the server.", labels);
    metrics->handling_seconds = &registry_.AddHistogram(
        "grpc_server_handling_seconds",
        "Histogram of response latency (seconds) of gRPC that had been application-level handled "
        "by the server.",
        labels);
    for (size_t code = 0; code < kCodes; ++code) {
      labels["grpc_code"] = kCodeNames[code];
      metrics->handled[code] = &registry_.AddCounter(
          "grpc_server_handled_total",
          "Total number of RPCs completed on the server, regardless of success or failure.",
          labels);
    }
    methods_.emplace(method, std::move(metrics));
  }
}

void CallMetrics::OnStarted(const rpc::Method& method) {
  methods_.find(&method)->second->started->Increment();
}

void CallMetrics::OnReceived(const rpc::Method& method, size_t bytes) {
  methods_.find(&method)->second->messages_received->Increment();
  received_bytes_.Increment(static_cast<double>(bytes));
}

void CallMetrics::OnSent(const rpc::Method& method, size_t bytes) {
  methods_.find(&method)->second->messages_sent->Increment();
  sent_bytes_.Increment(static_cast<double>(bytes));
}

void CallMetrics::OnHandled(const rpc::Method& method, absl::StatusCode code, base::Duration took) {
  MethodMetrics& metrics = *methods_.find(&method)->second;
  const auto number = static_cast<size_t>(code);
  metrics.handled[number < kCodes ? number : 2]->Increment();
  metrics.handling_seconds->Observe(std::chrono::duration<double>(took).count());
}

}  // namespace kvshim::etcd
