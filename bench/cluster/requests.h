// The requests that clusters are loaded with, as text of HTTP/1.1.
//
// Thread safety: pure functions.
//
//   connection.Ask(Create("/api/v1/namespaces/a/pods", Pod("p-1")), ...);
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvshim::bench {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";
// What `kubectl get` asks for first.
inline constexpr std::string_view kTable =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
inline constexpr std::string_view kMergePatch = "application/merge-patch+json";

std::string Get(std::string_view path, std::string_view accept = kJson);
std::string Create(std::string_view path, std::string_view object);
std::string Patch(std::string_view path, std::string_view patch);

// A pod as a deployment's controller makes one, of about 1 KiB before its defaults.
std::string Pod(std::string_view name);
// With one value of so many bytes.
std::string ConfigMap(std::string_view name, size_t bytes);
std::string Named(std::string_view kind, std::string_view name);
// What a node says of a pod that runs; `number` makes it differ from the last one.
std::string RunningPod(uint64_t number);

}  // namespace kvshim::bench
