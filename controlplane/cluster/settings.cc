#include "cluster/settings.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace kvplane::cluster {
namespace {

using kvshim::base::Concat;

constexpr unsigned kDnsPlace = 10;

// An address of either family, most significant byte first, and how many bits of it are the net's.
struct Network {
  int family = AF_INET;
  std::array<unsigned char, 16> address{};
  unsigned bits = 0;
  unsigned width() const { return family == AF_INET ? 32 : 128; }

  bool Contains(const Network& other) const {
    if (family != other.family) return false;
    for (unsigned bit = 0; bit < bits; ++bit) {
      const unsigned char mask = static_cast<unsigned char>(0x80 >> (bit % 8));
      if ((address[bit / 8] & mask) != (other.address[bit / 8] & mask)) return false;
    }
    return true;
  }
  std::string AddressText() const {
    char text[INET6_ADDRSTRLEN];
    return inet_ntop(family, address.data(), text, sizeof(text));
  }
};

bool ParseAddress(const std::string& text, Network& out) {
  out.family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  out.bits = out.width();
  return inet_pton(out.family, text.c_str(), out.address.data()) == 1;
}

absl::StatusOr<Network> ParseNetwork(std::string_view flag, const std::string& text) {
  const auto wrong = [&] {
    return absl::InvalidArgumentError(
        Concat(flag, ": '", text, "' is no network; give one such as 10.42.0.0/16"));
  };
  Network network;
  const size_t slash = text.find('/');
  if (slash == std::string::npos || !ParseAddress(text.substr(0, slash), network)) return wrong();
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + slash + 1, end, network.bits);
  if (parsed.ec != std::errc() || parsed.ptr != end || network.bits > network.width()) {
    return wrong();
  }
  // Places are counted in the last two bytes.
  if (network.bits + 4 > network.width()) {
    return absl::InvalidArgumentError(
        Concat(flag, ": ", text, " is too small; it must have at least 16 addresses"));
  }
  for (unsigned bit = network.bits; bit < network.width(); ++bit) {
    network.address[bit / 8] &= static_cast<unsigned char>(~(0x80U >> (bit % 8)));
  }
  return network;
}

bool IsDomain(std::string_view text) {
  return !text.empty() && text.size() < 254 && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
}

}  // namespace

absl::StatusOr<std::string> ClusterSettings::ServiceAddress(unsigned place) const {
  ASSIGN_OR_RETURN(Network network, ParseNetwork("--service-cidr", service_cidr));
  for (unsigned at = network.width() / 8; place > 0 && at > 0; --at) {
    place += network.address[at - 1];
    network.address[at - 1] = static_cast<unsigned char>(place);
    place >>= 8;
  }
  return network.AddressText();
}

absl::StatusOr<ClusterSettings> Complete(ClusterSettings settings) {
  ASSIGN_OR_RETURN(const Network pods, ParseNetwork("--cluster-cidr", settings.cluster_cidr));
  ASSIGN_OR_RETURN(const Network services, ParseNetwork("--service-cidr", settings.service_cidr));
  if (pods.Contains(services) || services.Contains(pods)) {
    return absl::InvalidArgumentError(Concat("--service-cidr: ", settings.service_cidr,
                                             " overlaps --cluster-cidr ", settings.cluster_cidr));
  }
  if (settings.cluster_dns.empty()) {
    ASSIGN_OR_RETURN(settings.cluster_dns, settings.ServiceAddress(kDnsPlace));
  }
  Network dns;
  if (!ParseAddress(settings.cluster_dns, dns)) {
    return absl::InvalidArgumentError(
        Concat("--cluster-dns: '", settings.cluster_dns, "' is no IP address"));
  }
  if (!services.Contains(dns)) {
    return absl::InvalidArgumentError(Concat("--cluster-dns: ", settings.cluster_dns,
                                             " is not in --service-cidr ", settings.service_cidr));
  }
  if (!IsDomain(settings.cluster_domain)) {
    return absl::InvalidArgumentError(Concat("--cluster-domain: '", settings.cluster_domain,
                                             "' is no domain; give one such as cluster.local"));
  }
  return settings;
}

absl::Status Agree(const ClusterSettings& ours, const ClusterSettings& founded) {
  for (const auto& [flag, mine, theirs] :
       {std::tuple{"--cluster-cidr", ours.cluster_cidr, founded.cluster_cidr},
        std::tuple{"--service-cidr", ours.service_cidr, founded.service_cidr},
        std::tuple{"--cluster-dns", ours.cluster_dns, founded.cluster_dns},
        std::tuple{"--cluster-domain", ours.cluster_domain, founded.cluster_domain}}) {
    if (mine == theirs) continue;
    return absl::FailedPreconditionError(
        Concat(std::string_view(flag), ": this cluster was founded with ", theirs, ", not ", mine,
               "; all its servers need the same: give ", std::string_view(flag), " ", theirs));
  }
  return absl::OkStatus();
}

}  // namespace kvplane::cluster
