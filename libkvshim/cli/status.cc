#include "base/status.h"

#include <boost/json.hpp>
#include <cstdio>
#include <iostream>
#include <string>

#include "absl/status/statusor.h"
#include "base/strings.h"
#include "command/quantity.h"
#include "http/client.h"
#include "subcommands.h"

namespace kvshim::cli {
namespace {

namespace json = boost::json;

std::string Fixed(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", number);
  return text;
}

void Print(const json::object& status) {
  const auto line = [](std::string_view name, const std::string& value) {
    std::cout << name << std::string(12 - name.size(), ' ') << value << '\n';
  };
  const auto text = [&](const char* name) { return std::string(status.at(name).as_string()); };
  const auto number = [&](const char* name) { return status.at(name).to_number<int64_t>(); };
  const auto real = [&](const char* name) { return status.at(name).to_number<double>(); };
  std::string urls;
  for (const json::value& url : status.at("client_urls").as_array()) {
    urls += (urls.empty() ? "" : ", ") + std::string(url.as_string());
  }
  line("server",
       base::Concat(text("name"), ", kvshim ", text("version"), " as etcd ", text("etcd_version")));
  line("clients", urls);
  const json::array& servers = status.at("servers").as_array();
  std::string others;
  for (const json::value& server : servers) {
    const int64_t behind = server.at("batches_behind").to_number<int64_t>();
    others += base::Concat(others.empty() ? "" : ", ", std::string(server.at("name").as_string()),
                           server.at("leader").as_bool() ? " (leader)" : "",
                           behind > 0 ? base::Concat(" ", behind, " batches behind") : "");
  }
  if (servers.size() > 1) line("servers", others);
  line("revision", base::Concat(number("revision"), ", compacted at ", number("compact_revision"),
                                ", ", number("commit_sequence"), " batches"));
  line("keys", base::Concat(number("keys")));
  line("size",
       base::Concat(
           command::FormatSize(number("database_bytes")), ", in use ",
           command::FormatSize(number("database_bytes_in_use")), ", quota ",
           number("quota_bytes") == 0 ? "none" : command::FormatSize(number("quota_bytes"))));
  line("watchers", base::Concat(number("watchers"), ", behind ", number("slow_watchers")));
  line("leases", base::Concat(number("leases")));
  line("commits", base::Concat(Fixed(real("batch_rows_mean")), " changes each, p50 ",
                               command::FormatSeconds(real("commit_seconds_p50")), ", p99 ",
                               command::FormatSeconds(real("commit_seconds_p99"))));
  std::string alarms;
  for (const json::value& alarm : status.at("alarms").as_array()) {
    alarms += (alarms.empty() ? "" : ", ") + std::string(alarm.as_string());
  }
  line("alarms", alarms.empty() ? "none" : alarms);
}

}  // namespace

void DeclareStatusFlags(CLI::App& command, StatusSettings& settings) {
  command
      .add_option("--address", settings.address,
                  "Where the server answers plain HTTP: host:port of --metrics-bind-address or "
                  "of a --listen-address without TLS, or unix://PATH")
      ->capture_default_str()
      ->envname("KVSHIM_STATUS_ADDRESS");
}

int Status(const StatusSettings& settings) {
  const absl::StatusOr<std::string> body = http::Client(settings.address, {}).Get("/kvshim/status");
  if (!body.ok()) {
    std::cerr << "kvshim status: " << settings.address << ": " << body.status().message()
              << "\nIs a server running there? See --address.\n";
    return 1;
  }
  boost::system::error_code error;
  const json::value status = json::parse(*body, error);
  if (error || !status.is_object()) {
    std::cerr << "kvshim status: " << settings.address << ": the answer is not a status\n";
    return 1;
  }
  Print(status.as_object());
  return 0;
}

}  // namespace kvshim::cli
