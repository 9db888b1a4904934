#include "base/status.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "absl/status/statusor.h"
#include "base/strings.h"
#include "quantity.h"
#include "subcommands.h"

namespace kvshim::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;

constexpr std::chrono::seconds kTimeLimit{5};
constexpr std::string_view kUnixScheme = "unix://";

// Sends GET /kvshim/status and gives the body of the answer.
template <typename Stream>
absl::StatusOr<std::string> Ask(asio::io_context& io, Stream& stream) {
  namespace http = beast::http;
  http::request<http::empty_body> request(http::verb::get, "/kvshim/status", 11);
  request.set(http::field::host, "kvshim");
  http::response<http::string_body> response;
  beast::flat_buffer buffer;
  beast::error_code error = asio::error::timed_out;
  stream.expires_after(kTimeLimit);
  http::async_write(stream, request, [&](beast::error_code failed, size_t) {
    error = failed;
    if (failed) return;
    http::async_read(stream, buffer, response,
                     [&](beast::error_code read_failed, size_t) { error = read_failed; });
  });
  io.run();
  if (error) return absl::UnavailableError(error.message());
  if (response.result() != http::status::ok) {
    return absl::UnavailableError("what answers there is no kvshim");
  }
  return response.body();
}

absl::StatusOr<std::string> Fetch(const std::string& address) {
  asio::io_context io;
  beast::error_code error;
  if (address.starts_with(kUnixScheme)) {
    using Unix = asio::local::stream_protocol;
    beast::basic_stream<Unix> stream(io);
    if (stream.socket().connect(Unix::endpoint(address.substr(kUnixScheme.size())), error)) {
      return absl::UnavailableError(error.message());
    }
    return Ask(io, stream);
  }
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError("an address is host:port or unix://PATH");
  }
  std::string host = address.substr(0, colon);
  if (host.empty()) host = "localhost";
  asio::ip::tcp::resolver resolver(io);
  const auto found = resolver.resolve(host, address.substr(colon + 1), error);
  if (error) return absl::UnavailableError(error.message());
  beast::tcp_stream stream(io);
  asio::connect(stream.socket(), found, error);
  if (error) return absl::UnavailableError(error.message());
  return Ask(io, stream);
}

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
  line("revision", base::Concat(number("revision"), ", compacted at ", number("compact_revision"),
                                ", ", number("commit_sequence"), " batches"));
  line("keys", base::Concat(number("keys")));
  line("size",
       base::Concat(FormatSize(number("database_bytes")), ", in use ",
                    FormatSize(number("database_bytes_in_use")), ", quota ",
                    number("quota_bytes") == 0 ? "none" : FormatSize(number("quota_bytes"))));
  line("watchers", base::Concat(number("watchers"), ", behind ", number("slow_watchers")));
  line("leases", base::Concat(number("leases")));
  line("commits", base::Concat(Fixed(real("batch_rows_mean")), " changes each, p50 ",
                               FormatSeconds(real("commit_seconds_p50")), ", p99 ",
                               FormatSeconds(real("commit_seconds_p99"))));
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
  const absl::StatusOr<std::string> body = Fetch(settings.address);
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
