#include "sql/mysql/options.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "base/strings.h"
#include "sql/password.h"

namespace kvshim::sql::mysql {
namespace {

using base::Concat;

constexpr std::string_view kCompound = "compound";

// The text is not repeated: it may have a password in it.
absl::Status Unreadable(std::string_view what) {
  return absl::InvalidArgumentError(
      Concat("the database's name cannot be read (", what,
             "); write mysql://USER:PASSWORD@tcp(HOST:PORT)/DATABASE?NAME=VALUE"));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing where a '%' is not followed by two hexadecimal digits, or there is none.
std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  bool any = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
    any = true;
  }
  if (!any) return std::nullopt;
  return decoded;
}

std::string DecodedOrRaw(std::string_view text) {
  return PercentDecoded(text).value_or(std::string(text));
}

absl::StatusOr<Host> ParseHost(std::string_view text) {
  Host host;
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return Unreadable("a '[' without its ']'");
    host.address = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    if (!text.empty() && text[0] != ':') return Unreadable("something else than a port after ']'");
    port = text.empty() ? text : text.substr(1);
  } else {
    const size_t colon = text.find(':');
    if (colon != text.rfind(':')) return Unreadable("write an IPv6 address in brackets");
    host.address = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
  }
  if (host.address.empty()) host.address = "127.0.0.1";
  if (port.empty()) return host;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), host.port);
  if (error != std::errc() || end != port.data() + port.size() || host.port == 0 ||
      host.port > 65535) {
    return Unreadable("a port that is none");
  }
  return host;
}

absl::Status ParseHosts(std::string_view list, std::vector<Host>& hosts) {
  for (const std::string_view one : base::Split(list, ',')) {
    ASSIGN_OR_RETURN(Host host, ParseHost(one));
    hosts.push_back(std::move(host));
  }
  return absl::OkStatus();
}

// PROTOCOL(PLACE)[/DATABASE] or HOSTS[/DATABASE]. The database is what stands after the slash.
absl::Status ParsePlace(std::string_view text, Options& options) {
  std::string_view database;
  const size_t open = text.find('(');
  if (open == std::string_view::npos) {
    const size_t slash = std::min(text.find('/'), text.size());
    database = text.substr(slash);
    text = text.substr(0, slash);
    if (text == "tcp") text = "";
    RETURN_IF_ERROR(ParseHosts(text, options.hosts));
  } else {
    const size_t close = text.rfind(')');
    if (close == std::string_view::npos || close < open) return Unreadable("a '(' without its ')'");
    const std::string_view protocol = text.substr(0, open);
    const std::string_view place = text.substr(open + 1, close - open - 1);
    database = text.substr(close + 1);
    if (protocol == "unix") {
      options.hosts.push_back({.socket = std::string(place.empty() ? kDefaultSocket : place)});
    } else if (protocol == "tcp" || protocol == "tcp4" || protocol == "tcp6" || protocol.empty()) {
      RETURN_IF_ERROR(ParseHosts(place, options.hosts));
    } else {
      return Unreadable("a protocol other than tcp and unix");
    }
  }
  if (database.empty() || database == "/") return absl::OkStatus();
  if (database[0] != '/') return Unreadable("something else than /DATABASE after ')'");
  options.database = DecodedOrRaw(database.substr(1));
  return absl::OkStatus();
}

absl::Status ParseAddress(std::string_view address, Options& options) {
  if (address.empty()) {
    options.hosts.push_back({.socket = kDefaultSocket});
    return absl::OkStatus();
  }
  if (const size_t at = address.rfind('@'); at != std::string_view::npos) {
    const std::string_view account = address.substr(0, at);
    address.remove_prefix(at + 1);
    const size_t colon = account.find(':');
    if (colon != 0 && !account.empty()) options.user = DecodedOrRaw(account.substr(0, colon));
    if (colon != std::string_view::npos) {
      const std::string_view raw = account.substr(colon + 1);
      if (auto decoded = PercentDecoded(raw)) options.passwords.push_back(*std::move(decoded));
      options.passwords.emplace_back(raw);
    }
  }
  return ParsePlace(address, options);
}

absl::StatusOr<Encryption> ParseEncryption(const Dsn& dsn, const NetworkOptions& network) {
  const std::string* tls = dsn.Find("tls");
  Encryption encryption = Encryption::kNone;
  if (tls != nullptr) {
    if (*tls == "true" || *tls == "1") {
      encryption = Encryption::kVerified;
    } else if (*tls == "skip-verify") {
      encryption = Encryption::kUnverified;
    } else if (*tls == "preferred") {
      encryption = Encryption::kPreferred;
    } else if (*tls != "false" && *tls != "0") {
      return absl::InvalidArgumentError(
          Concat("the database's name has tls=", *tls,
                 "; write true, skip-verify, preferred or false, and name files of certificates "
                 "with --ca-file, --cert-file and --key-file"));
    }
  }
  if (network.skip_verify) return Encryption::kUnverified;
  if (!network.ca_file.empty()) return Encryption::kVerified;
  if (!network.cert_file.empty() && encryption != Encryption::kVerified) {
    return Encryption::kUnverified;
  }
  return encryption;
}

}  // namespace

std::string Host::Name() const {
  if (!socket.empty()) return Concat("unix(", socket, ")");
  const bool v6 = address.find(':') != std::string::npos;
  return Concat(v6 ? "[" : "", address, v6 ? "]:" : ":", port);
}

absl::StatusOr<Options> Options::FromDsn(const Dsn& dsn, const NetworkOptions& network) {
  RETURN_IF_ERROR(dsn.Accept({"tls",
                              kPasswordFile,
                              kPasswordEnv,
                              kCompound,
                              "timeout",
                              "readTimeout",
                              "writeTimeout",
                              "charset",
                              "collation",
                              "parseTime",
                              "loc",
                              "timeTruncate",
                              "interpolateParams",
                              "multiStatements",
                              "clientFoundRows",
                              "columnsWithAlias",
                              "checkConnLiveness",
                              "rejectReadOnly",
                              "maxAllowedPacket",
                              "connectionAttributes",
                              "allowNativePasswords"}));
  Options options{.network = network};
  RETURN_IF_ERROR(ParseAddress(dsn.address, options));
  ASSIGN_OR_RETURN(options.encryption, ParseEncryption(dsn, network));
  if (const std::string* compound = dsn.Find(kCompound)) {
    if (*compound != "true" && *compound != "false") {
      return absl::InvalidArgumentError(
          Concat("the database's name has compound=", *compound, "; write true or false"));
    }
    options.compound = *compound == "true";
  }
  ASSIGN_OR_RETURN(std::optional<std::string> outside, OutsidePassword(dsn));
  if (outside.has_value()) options.passwords = {*std::move(outside)};
  if (options.passwords.empty()) options.passwords.emplace_back();
  std::string places;
  for (const Host& host : options.hosts) {
    places += Concat(places.empty() ? "" : ",", host.Name());
  }
  options.name = Concat("mysql://", places, "/", options.database);
  return options;
}

}  // namespace kvshim::sql::mysql
