#include "sql/postgres/options.h"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "base/strings.h"
#include "sql/password.h"

namespace kvshim::sql::postgres {
namespace {

using base::Concat;

using ConnInfo = std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)>;

// libpq's message can repeat what it was given; only its first clause is safe to show.
absl::Status Unreadable(const char* message) {
  std::string_view text = message != nullptr ? message : "out of memory";
  text = text.substr(0, text.find_first_of(":\"\n"));
  return absl::InvalidArgumentError(
      Concat("the database's name cannot be read (", text,
             "); write postgres://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE, with "
             "reserved characters of the password percent-encoded"));
}

std::string UriWithout(const Dsn& dsn, std::initializer_list<std::string_view> ours) {
  std::string uri = Concat(dsn.scheme, "://", dsn.address);
  char separator = '?';
  for (const auto& [name, value] : dsn.parameters) {
    if (std::find(ours.begin(), ours.end(), name) != ours.end()) continue;
    uri += Concat(separator, name, '=', value);
    separator = '&';
  }
  return uri;
}

absl::Status CheckPorts(std::string_view ports) {
  for (const std::string_view port : base::SplitList(ports, ',')) {
    uint32_t number = 0;
    const auto [rest, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || rest != port.data() + port.size() || number < 1 || number > 65535) {
      return absl::InvalidArgumentError(Concat("the database's name has the port \"", port,
                                               "\"; a port is a number up to 65535"));
    }
  }
  return absl::OkStatus();
}

// From libpq's parallel lists, of which that of the ports may have one element for all.
absl::StatusOr<std::vector<Host>> Hosts(const std::string& names, const std::string& addresses,
                                        const std::string& ports) {
  const std::vector<std::string_view> name = base::Split(names, ',');
  const std::vector<std::string_view> address = base::Split(addresses, ',');
  const std::vector<std::string_view> port = base::Split(ports, ',');
  const size_t count = addresses.empty() ? name.size() : address.size();
  if ((!names.empty() && name.size() != count) || (port.size() != 1 && port.size() != count)) {
    return absl::InvalidArgumentError(
        "the database's name has another number of ports or addresses than of hosts");
  }
  std::vector<Host> hosts(count);
  for (size_t i = 0; i < count; ++i) {
    if (!names.empty()) hosts[i].name = name[i];
    if (!addresses.empty()) hosts[i].address = address[i];
    hosts[i].port = port.size() == 1 ? port[0] : port[i];
  }
  return hosts;
}

// "host1:5432,host2"
std::string Places(const std::vector<Host>& hosts) {
  std::string places;
  for (const Host& host : hosts) places += Concat(places.empty() ? "" : ",", host.Place());
  return places;
}

}  // namespace

std::string Host::Place() const {
  const std::string& at = name.empty() ? address : name;
  return Concat(at.empty() ? "localhost" : at, port.empty() ? "" : ":", port);
}

absl::StatusOr<Options> Options::FromDsn(const Dsn& dsn, const NetworkOptions& network) {
  char* message = nullptr;
  const std::string uri = UriWithout(dsn, {kPasswordFile, kPasswordEnv});
  const ConnInfo info(PQconninfoParse(uri.c_str(), &message), PQconninfoFree);
  if (info == nullptr) {
    absl::Status status = Unreadable(message);
    PQfreemem(message);
    return status;
  }
  Options options{.database = kDefaultDatabase, .network = network};
  std::string host, address, port;
  bool ssl_mode = false;
  for (const PQconninfoOption* option = info.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || *option->val == '\0') continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "dbname") {
      options.database = option->val;
      continue;
    }
    if (keyword == "host" || keyword == "hostaddr") {
      (keyword == "host" ? host : address) = option->val;
      continue;
    }
    if (keyword == "port") {
      port = option->val;
      RETURN_IF_ERROR(CheckPorts(port));
      continue;
    }
    if (keyword == "sslmode") ssl_mode = true;
    options.keywords.emplace_back(keyword, option->val);
  }
  const auto set = [&](std::string_view keyword, const std::string& value) {
    options.keywords.emplace_back(keyword, value);
  };
  ASSIGN_OR_RETURN(const std::optional<std::string> password, OutsidePassword(dsn));
  if (password.has_value()) set("password", *password);
  // libpq verifies the chain wherever it has an authority.
  if (!network.ca_file.empty() && !network.skip_verify) {
    set("sslrootcert", network.ca_file);
    set("sslmode", "verify-full");
  }
  if (network.skip_verify || (!network.cert_file.empty() && network.ca_file.empty() && !ssl_mode)) {
    set("sslmode", "require");
  }
  if (!network.cert_file.empty()) {
    set("sslcert", network.cert_file);
    set("sslkey", network.key_file);
  }
  set("fallback_application_name", "kvshim");
  set("keepalives_idle", "10");
  set("keepalives_interval", "3");
  set("keepalives_count", "3");
  set("client_encoding", "UTF8");
  ASSIGN_OR_RETURN(options.hosts, Hosts(host, address, port));
  options.name = Concat("postgres://", Places(options.hosts), "/", options.database);
  return options;
}

}  // namespace kvshim::sql::postgres
