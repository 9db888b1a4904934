#include "https/head.h"

#include <boost/beast/http/status.hpp>
#include <ctime>

namespace kvplane::https {
namespace {

void AppendPlain(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  }
}

void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  AppendPlain(out, name);
  out += ": ";
  AppendPlain(out, value);
  out += "\r\n";
}

std::string Date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  return std::string(text, strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts));
}

}  // namespace

std::string Head(int status, const apiserver::Pairs& headers, const Framing& framing) {
  namespace http = boost::beast::http;
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out.append(reason.data(), reason.size());
  out += "\r\n";
  AppendHeader(out, "date", Date());
  for (const auto& [name, value] : headers) AppendHeader(out, name, value);
  if (framing.length) AppendHeader(out, "content-length", std::to_string(*framing.length));
  if (framing.chunked) AppendHeader(out, "transfer-encoding", "chunked");
  if (!framing.keep_alive) AppendHeader(out, "connection", "close");
  out += "\r\n";
  return out;
}

}  // namespace kvplane::https
