// Addresses and networks: ip("10.0.0.1"), cidr("10.0.0.0/8").
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "base/strings.h"
#include "cel/function.h"
#include "cel/network.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;
using kvshim::base::Concat;

struct Address {
  bool six = false;
  std::array<uint8_t, 16> bytes = {};  // of an IPv4 address the first four

  int bits() const { return six ? 128 : 32; }
  bool operator==(const Address&) const = default;

  std::string Text() const {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(six ? AF_INET6 : AF_INET, bytes.data(), text, sizeof(text));
    return text;
  }
  Address Masked(int length) const {
    Address out = *this;
    for (int bit = length; bit < bits(); ++bit) {
      out.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
    }
    return out;
  }
};

std::string Quoted(std::string_view text) { return Concat("\"", text, "\""); }

bool ReadAddress(std::string_view text, Address& out) {
  const std::string copy(text);
  out.six = text.find(':') != std::string_view::npos;
  // What Go refuses and inet_pton would not: nothing known, as neither takes leading zeroes.
  return inet_pton(out.six ? AF_INET6 : AF_INET, copy.c_str(), out.bytes.data()) == 1;
}

bool IsMapped(const Address& address) {
  static constexpr std::array<uint8_t, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return address.six && std::equal(kPrefix.begin(), kPrefix.end(), address.bytes.begin());
}

// What is wrong with it; empty: nothing.
std::string ParseAddress(std::string_view text, Address& out) {
  if (text.find('%') != std::string_view::npos) {
    Address bare;
    if (ReadAddress(text.substr(0, text.find('%')), bare)) {
      return Concat("IP address ", Quoted(text), " with zone value is not allowed");
    }
  }
  if (!ReadAddress(text, out)) {
    return Concat("IP Address ", Quoted(text),
                  " parse error during conversion from string: ParseAddr(", Quoted(text),
                  "): unable to parse IP");
  }
  if (IsMapped(out)) return Concat("IPv4-mapped IPv6 address ", Quoted(text), " is not allowed");
  return {};
}

struct Network {
  Address address;
  int length = 0;
};

std::string ParseNetwork(std::string_view text, Network& out) {
  constexpr std::string_view kParsing =
      "network address parse error during conversion from string: ";
  const auto fault = [&](std::string_view why) {
    return Concat(kParsing, kParsing, "netip.ParsePrefix(", Quoted(text), "): ", why);
  };
  const size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return fault("no '/'");
  if (!ReadAddress(text.substr(0, slash), out.address)) {
    return fault(Concat("ParseAddr(", Quoted(text.substr(0, slash)), "): unable to parse IP"));
  }
  const std::string_view length = text.substr(slash + 1);
  const bool digits = !length.empty() && length.size() <= 3 &&
                      length.find_first_not_of("0123456789") == std::string_view::npos &&
                      (length.size() == 1 || length[0] != '0');
  if (!digits) return fault(Concat("bad bits after slash: ", Quoted(length)));
  std::from_chars(length.data(), length.data() + length.size(), out.length);
  if (out.length > out.address.bits()) return fault("prefix length out of range");
  if (IsMapped(out.address)) {
    return Concat("IPv4-mapped IPv6 address ", Quoted(text), " is not allowed");
  }
  return {};
}

class AddressValue : public Opaque {
 public:
  explicit AddressValue(Address address) : address(address) {}
  std::string_view TypeName() const override { return "net.IP"; }
  bool Equals(const Opaque& other) const override {
    const auto* ip = dynamic_cast<const AddressValue*>(&other);
    return ip != nullptr && ip->address == address;
  }

  const Address address;
};

class NetworkValue : public Opaque {
 public:
  explicit NetworkValue(Network network) : network(network) {}
  std::string_view TypeName() const override { return "net.CIDR"; }
  bool Equals(const Opaque& other) const override {
    const auto* cidr = dynamic_cast<const NetworkValue*>(&other);
    return cidr != nullptr && cidr->network.address == network.address &&
           cidr->network.length == network.length;
  }

  const Network network;
};

Value Make(Address address) {
  return Value::OpaqueOf(std::make_shared<const AddressValue>(address));
}
Value Make(Network network) {
  return Value::OpaqueOf(std::make_shared<const NetworkValue>(network));
}

// ip of a text, or of a network.
Value Ip(const Call& call) {
  if (const auto* cidr = call[0].GetOpaqueAs<NetworkValue>()) return Make(cidr->network.address);
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  Address address;
  std::string fault = ParseAddress(call[0].GetString(), address);
  return fault.empty() ? Make(address) : Value::Error(std::move(fault));
}

Value IsIp(const Call& call) {
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  Address address;
  return Value::Bool(ParseAddress(call[0].GetString(), address).empty());
}

Value IsCanonical(const Call& call) {
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  Address address;
  std::string fault = ParseAddress(call[0].GetString(), address);
  if (!fault.empty()) return Value::Error(std::move(fault));
  return Value::Bool(address.Text() == call[0].GetString());
}

Value AskAddress(const Call& call) {
  const auto* ip = call[0].GetOpaqueAs<AddressValue>();
  if (ip == nullptr) return NoSuchOverload();
  const Address& address = ip->address;
  const auto& bytes = address.bytes;
  const bool six = address.six;
  Address loopback{true};
  loopback.bytes[15] = 1;
  const bool zero = address.Masked(0) == address;
  const bool is_loopback = six ? address == loopback : bytes[0] == 127;
  const bool link_multicast = six ? bytes[0] == 0xff && (bytes[1] & 0x0f) == 0x02
                                  : bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0;
  const bool link_unicast =
      six ? bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80 : bytes[0] == 169 && bytes[1] == 254;
  const bool multicast = six ? bytes[0] == 0xff : (bytes[0] & 0xf0) == 0xe0;
  const bool broadcast =
      !six && std::all_of(bytes.begin(), bytes.begin() + 4, [](uint8_t b) { return b == 255; });
  if (call.name == "family") return Value::Int(six ? 6 : 4);
  if (call.name == "isUnspecified") return Value::Bool(zero);
  if (call.name == "isLoopback") return Value::Bool(is_loopback);
  if (call.name == "isLinkLocalMulticast") return Value::Bool(link_multicast);
  if (call.name == "isLinkLocalUnicast") return Value::Bool(link_unicast);
  return Value::Bool(!zero && !broadcast && !is_loopback && !multicast && !link_unicast);
}

Value Cidr(const Call& call) {
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  Network network;
  std::string fault = ParseNetwork(call[0].GetString(), network);
  return fault.empty() ? Make(network) : Value::Error(std::move(fault));
}

Value IsCidr(const Call& call) {
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  Network network;
  return Value::Bool(ParseNetwork(call[0].GetString(), network).empty());
}

Value AskNetwork(const Call& call) {
  const auto* cidr = call[0].GetOpaqueAs<NetworkValue>();
  if (cidr == nullptr) return NoSuchOverload();
  const Network& network = cidr->network;
  if (call.name == "prefixLength") return Value::Int(network.length);
  return Make(Network{network.address.Masked(network.length), network.length});
}

bool Contains(const Network& network, const Address& address, int length) {
  return address.six == network.address.six && length >= network.length &&
         address.Masked(network.length) == network.address.Masked(network.length);
}

// containsIP and containsCIDR, of texts too.
Value Holds(const Call& call) {
  const auto* cidr = call[0].GetOpaqueAs<NetworkValue>();
  if (cidr == nullptr) return NoSuchOverload();
  if (call.name == "containsIP") {
    Address address;
    if (const auto* ip = call[1].GetOpaqueAs<AddressValue>()) {
      address = ip->address;
    } else if (!call[1].Is(Kind::kString)) {
      return NoSuchOverload();
    } else if (std::string fault = ParseAddress(call[1].GetString(), address); !fault.empty()) {
      return Value::Error(std::move(fault));
    }
    return Value::Bool(Contains(cidr->network, address, address.bits()));
  }
  Network network;
  if (const auto* other = call[1].GetOpaqueAs<NetworkValue>()) {
    network = other->network;
  } else if (!call[1].Is(Kind::kString)) {
    return NoSuchOverload();
  } else if (std::string fault = ParseNetwork(call[1].GetString(), network); !fault.empty()) {
    return Value::Error(std::move(fault));
  }
  return Value::Bool(Contains(cidr->network, network.address, network.length));
}

}  // namespace

std::optional<std::string> NetworkText(const Opaque& value) {
  if (const auto* ip = dynamic_cast<const AddressValue*>(&value)) return ip->address.Text();
  if (const auto* cidr = dynamic_cast<const NetworkValue*>(&value)) {
    return Concat(cidr->network.address.Text(), "/", cidr->network.length);
  }
  return std::nullopt;
}

std::span<const NamedFunction> NetworkFunctions() {
  static constexpr NamedFunction kFunctions[] = {{"ip", Ip},
                                                 {"isIP", IsIp},
                                                 {"ip.isCanonical", IsCanonical},
                                                 {"family", AskAddress},
                                                 {"isUnspecified", AskAddress},
                                                 {"isLoopback", AskAddress},
                                                 {"isLinkLocalMulticast", AskAddress},
                                                 {"isLinkLocalUnicast", AskAddress},
                                                 {"isGlobalUnicast", AskAddress},
                                                 {"cidr", Cidr},
                                                 {"isCIDR", IsCidr},
                                                 {"containsIP", Holds},
                                                 {"containsCIDR", Holds},
                                                 {"prefixLength", AskNetwork},
                                                 {"masked", AskNetwork}};
  return kFunctions;
}

}  // namespace kvplane::cel
