#include "registry/service_addresses.h"

#include <charconv>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "kinds/allocated.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/preparation.h"
#include "registry/stored_form.h"

namespace kvplane::registry {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kNodePorts = "/registry/servicenodeports/";
constexpr int64_t kFirstNodePort = 30000;
constexpr int64_t kNodePortCount = 2768;
// Taken at random; a range that is so full that none of these is free counts as full.
constexpr int kMostGuesses = 1000;

const kinds::Kind& Services() { return *kinds::Kinds::BuiltIn().Find("v1", "services")->kind; }
const kinds::Kind& IpAddresses() {
  return *kinds::Kinds::BuiltIn().Find("networking.k8s.io/v1", "ipaddresses")->kind;
}

uint32_t Random(uint32_t below) {
  thread_local std::mt19937 random(std::random_device{}());
  return std::uniform_int_distribution<uint32_t>(0, below - 1)(random);
}

template <typename Number>
bool TakeNumber(std::string_view& text, Number most, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > most) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

// An address at the beginning of the text.
std::optional<uint32_t> TakeAddress(std::string_view& text) {
  uint32_t address = 0;
  for (int i = 0; i < 4; ++i) {
    uint32_t byte = 0;
    if (i > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    if (!TakeNumber<uint32_t>(text, 255, byte)) return std::nullopt;
    address = address << 8 | byte;
  }
  return address;
}

std::string AddressText(uint32_t address) {
  return Concat(address >> 24, '.', address >> 16 & 255, '.', address >> 8 & 255, '.',
                address & 255);
}

std::string NodePortKey(int64_t port) { return Concat(kNodePorts, port); }

absl::Status Taken(const json::Object& service, std::string field, const json::Value& value,
                   std::string_view why) {
  return Invalid(Services(), Text(service, {"metadata", "name"}),
                 {kinds::Invalid(std::move(field), value, why)});
}

absl::StatusOr<std::string> AddressObject(std::string_view address, const json::Object& service) {
  json::Object object{{"kind", "IPAddress"},
                      {"apiVersion", "networking.k8s.io/v1"},
                      {"metadata",
                       {{"name", json::ToBoost(address)},
                        {"labels",
                         {{"ipaddress.kubernetes.io/ip-family", "IPv4"},
                          {"ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io"}}}}},
                      {"spec",
                       {{"parentRef",
                         {{"resource", "services"},
                          {"namespace", json::ToBoost(Text(service, {"metadata", "namespace"}))},
                          {"name", json::ToBoost(Text(service, {"metadata", "name"}))}}}}}};
  RETURN_IF_ERROR(PrepareForCreate(IpAddresses(), "", object));
  return ToStored(IpAddresses(), object);
}

}  // namespace

absl::StatusOr<ServiceAddresses> ServiceAddresses::Make(kvshim::Store& store,
                                                        std::string_view range) {
  std::string_view rest = range;
  const auto base = TakeAddress(rest);
  uint32_t bits = 0;
  const bool slash = rest.starts_with('/');
  if (slash) rest.remove_prefix(1);
  if (!base.has_value() || !slash || !TakeNumber<uint32_t>(rest, 30, bits) || !rest.empty() ||
      bits < 8) {
    return absl::InvalidArgumentError(
        kvshim::base::ToAbsl(Concat("not a range of IPv4 addresses for services: ", range)));
  }
  const uint32_t size = uint32_t{1} << (32 - bits);
  // Neither the network's own address nor its broadcast; the first is the API server's, which asks
  // for it by name.
  return ServiceAddresses(store, (*base & ~(size - 1)) + 1, size - 2);
}

absl::StatusOr<bool> ServiceAddresses::IsFree(const std::string& key) {
  ASSIGN_OR_RETURN(const kvshim::RangeResponse range,
                   store_.Range({.key = key, .serializable = true, .count_only = true}));
  return range.count == 0;
}

absl::Status ServiceAddresses::GiveAddress(json::Object& service) {
  json::Object& spec = kinds::Child(service, "spec");
  if (!kinds::NeedsClusterAddress(service)) {
    kinds::Remove(spec, "clusterIP");
    kinds::Remove(spec, "clusterIPs");
    return absl::OkStatus();
  }
  std::string address(Text(spec, {"clusterIP"}));
  for (int guess = 0; address.empty(); ++guess) {
    if (guess == kMostGuesses)
      return InternalError("failed to allocate a serviceIP: range is full");
    const std::string candidate = AddressText(first_ + 1 + Random(count_ - 1));
    ASSIGN_OR_RETURN(const bool free, IsFree(KeyOf(IpAddresses(), "", candidate)));
    if (free) address = candidate;
  }
  kinds::Set(spec, "clusterIP", json::Value(address.c_str()));
  kinds::Set(spec, "clusterIPs", json::Array{json::Value(address.c_str())});
  return absl::OkStatus();
}

absl::Status ServiceAddresses::GivePorts(json::Object& service) {
  json::Array* ports = kinds::FindArray(service, {"spec", "ports"});
  if (ports == nullptr) return absl::OkStatus();
  std::set<int64_t> taken;
  for (json::Value& value : *ports) {
    json::Object& port = value.as_object();
    if (Text(service, {"spec", "type"}) == "ClusterIP" ||
        Text(service, {"spec", "type"}) == "ExternalName") {
      kinds::Remove(port, "nodePort");
    }
    taken.insert(kinds::Integer(port, {"nodePort"}));
  }
  if (!kinds::NeedsNodePorts(service)) return absl::OkStatus();
  for (json::Value& value : *ports) {
    json::Object& port = value.as_object();
    for (int guess = 0; kinds::Integer(port, {"nodePort"}) == 0; ++guess) {
      if (guess == kMostGuesses) {
        return InternalError("failed to allocate a nodePort: range is full");
      }
      const int64_t candidate = kFirstNodePort + Random(kNodePortCount);
      ASSIGN_OR_RETURN(const bool free, IsFree(NodePortKey(candidate)));
      if (free && taken.insert(candidate).second) kinds::Set(port, "nodePort", candidate);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ServiceAddresses::Claims> ServiceAddresses::ClaimsOf(
    const json::Object& service) const {
  Claims claims;
  const std::string_view address = Text(service, {"spec", "clusterIP"});
  if (!address.empty() && address != "None") {
    std::string_view rest = address;
    const auto number = TakeAddress(rest);
    if (!number.has_value() || !rest.empty() || *number < first_ || *number - first_ >= count_) {
      return Taken(
          service, "spec.clusterIPs", json::Array{json::ToBoost(address)},
          Concat("failed to allocate IP ", address, ": the provided IP is not in the valid range"));
    }
    ASSIGN_OR_RETURN(claims[KeyOf(IpAddresses(), "", address)], AddressObject(address, service));
  }
  const std::string owner =
      Concat(Text(service, {"metadata", "namespace"}), '/', Text(service, {"metadata", "name"}));
  kinds::ForEach(service, {"spec", "ports"}, [&](const json::Object& port) {
    const int64_t number = kinds::Integer(port, {"nodePort"});
    if (number != 0) claims[NodePortKey(number)] = owner;
  });
  return claims;
}

absl::Status ServiceAddresses::Change(const json::Object* current, json::Object* service,
                                      kvshim::TxnRequest& request) {
  Claims before;
  Claims after;
  if (current != nullptr) {
    ASSIGN_OR_RETURN(before, ClaimsOf(*current));
  }
  if (service != nullptr) {
    RETURN_IF_ERROR(GiveAddress(*service));
    RETURN_IF_ERROR(GivePorts(*service));
    ASSIGN_OR_RETURN(after, ClaimsOf(*service));
  }
  for (auto& [key, value] : after) {
    if (before.contains(key)) continue;
    ASSIGN_OR_RETURN(const bool free, IsFree(key));
    if (!free && key.starts_with(kNodePorts)) {
      return Taken(*service, "spec.ports[0].nodePort", std::stoll(key.substr(kNodePorts.size())),
                   "provided port is already allocated");
    }
    if (!free) {
      const std::string address(Text(*service, {"spec", "clusterIP"}));
      return Taken(*service, "spec.clusterIPs", json::Array{json::Value(address.c_str())},
                   Concat("failed to allocate IP ", address, ": provided IP is already allocated"));
    }
    request.compare.push_back({.target = kvshim::CompareTarget::kMod, .key = key});
    request.success.emplace_back(kvshim::PutRequest{.key = key, .value = std::move(value)});
  }
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) {
      request.success.emplace_back(kvshim::DeleteRangeRequest{.key = key});
    }
  }
  return absl::OkStatus();
}

}  // namespace kvplane::registry
