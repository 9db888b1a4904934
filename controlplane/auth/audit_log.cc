#include "auth/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "api/json.h"
#include "api/timestamp.h"
#include "apiserver/request_info.h"
#include "auth/access_review.h"
#include "auth/identifier.h"
#include "base/logger.h"
#include "base/strings.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using apiserver::Pairs;
using apiserver::Request;
using apiserver::RequestInfo;
using apiserver::Response;
using kvshim::base::Concat;

std::string Now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const int64_t nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
  return api::FormatMicroTime(
      {.seconds = nanos / 1'000'000'000, .nanos = static_cast<int32_t>(nanos % 1'000'000'000)});
}

void AppendEscaped(std::string& out, std::string_view text, std::string_view kept) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (const unsigned char c : text) {
    if (std::isalnum(c) || kept.find(static_cast<char>(c)) != kept.npos) {
      out += static_cast<char>(c);
    } else {
      out += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
  }
}

std::string Uri(const Request& request) {
  std::string uri;
  AppendEscaped(uri, request.path, "-._~/:@");
  char before = '?';
  for (const auto& [name, value] : request.query) {
    uri += before;
    before = '&';
    AppendEscaped(uri, name, "-._~");
    uri += '=';
    AppendEscaped(uri, value, "-._~");
  }
  return uri;
}

json::Object Reference(const RequestInfo& info) {
  json::Object reference;
  const auto add = [&reference](std::string_view name, const std::string& text) {
    if (!text.empty()) reference[json::ToBoost(name)] = json::ToBoost(text);
  };
  add("resource", info.resource);
  add("namespace", info.ns);
  add("name", info.name);
  add("apiGroup", info.group);
  add("apiVersion", info.version);
  add("subresource", info.subresource);
  return reference;
}

// The address of "10.0.0.7:51234" or "[::1]:51234".
std::string AddressOf(const std::string& peer) {
  std::string address = peer.substr(0, peer.rfind(':'));
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  return address;
}

json::Object EventOf(const Request& request, const std::string& id) {
  const RequestInfo info = RequestInfo::Of(request);
  json::Object event{{"kind", "Event"},
                     {"apiVersion", "audit.k8s.io/v1"},
                     {"level", "Metadata"},
                     {"auditID", json::ToBoost(id)},
                     {"stage", "ResponseComplete"},
                     {"requestURI", json::ToBoost(Uri(request))},
                     {"verb", json::ToBoost(info.verb)},
                     {"user", json::Object()},
                     {"sourceIPs", json::Array{json::ToBoost(AddressOf(request.peer))}}};
  if (const std::string_view agent = request.Header("user-agent"); !agent.empty()) {
    event["userAgent"] = json::ToBoost(agent);
  }
  if (info.is_resource) event["objectRef"] = Reference(info);
  event["requestReceivedTimestamp"] = json::ToBoost(Now());
  return event;
}

class FollowedResponse : public Response {
 public:
  FollowedResponse(AuditLog& log, const Request& request, std::shared_ptr<AuditLog::Notes> notes,
                   std::shared_ptr<Response> inner)
      : log_(log),
        id_(RandomIdentifier()),
        event_(EventOf(request, id_)),
        notes_(std::move(notes)),
        inner_(std::move(inner)) {}
  ~FollowedResponse() override { Tell(); }

  void Send(int status, Pairs headers, std::string body) override {
    status_ = status;
    headers.emplace_back("audit-id", id_);
    inner_->Send(status, std::move(headers), std::move(body));
    Tell();
  }
  void Begin(int status, Pairs headers) override {
    status_ = status;
    headers.emplace_back("audit-id", id_);
    inner_->Begin(status, std::move(headers));
  }
  bool Write(std::string_view bytes) override { return inner_->Write(bytes); }
  void End() override {
    inner_->End();
    Tell();
  }
  void OnGone(std::function<void()> gone) override { inner_->OnGone(std::move(gone)); }

 private:
  void Tell() {
    if (std::exchange(told_, true)) return;
    event_["user"] = UserDocument(notes_->user);
    if (!notes_->impersonated.name.empty()) {
      event_["impersonatedUser"] = UserDocument(notes_->impersonated);
    }
    event_["responseStatus"] =
        json::Object{{"metadata", json::Object()}, {"code", status_ == 0 ? 500 : status_}};
    event_["stageTimestamp"] = json::ToBoost(Now());
    if (!notes_->decision.empty()) {
      event_["annotations"] =
          json::Object{{"authorization.k8s.io/decision", json::ToBoost(notes_->decision)},
                       {"authorization.k8s.io/reason", json::ToBoost(notes_->reason)}};
    }
    for (const auto& [key, text] : *notes_->annotations) {
      if (!event_.contains("annotations")) event_["annotations"] = json::Object();
      event_["annotations"].get_object()[json::ToBoost(key)] = json::ToBoost(text);
    }
    log_.Write(api::ToJson(event_));
  }

  AuditLog& log_;
  const std::string id_;
  json::Object event_;
  const std::shared_ptr<AuditLog::Notes> notes_;
  const std::shared_ptr<Response> inner_;
  int status_ = 0;
  bool told_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& path) {
  const int fd = path == "-" ? dup(STDOUT_FILENO)
                             : open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) {
    return absl::InvalidArgumentError(
        Concat("cannot write ", path, ": ", std::string_view(strerror(errno))));
  }
  return std::unique_ptr<AuditLog>(new AuditLog(fd));
}

AuditLog::~AuditLog() { close(fd_); }

std::shared_ptr<Response> AuditLog::Follow(const Request& request, std::shared_ptr<Notes> notes,
                                           std::shared_ptr<Response> inner) {
  return std::make_shared<FollowedResponse>(*this, request, std::move(notes), std::move(inner));
}

void AuditLog::Write(std::string line) {
  line += '\n';
  ssize_t written = 0;
  do {
    written = write(fd_, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) return;
  static kvshim::base::LogLimiter limiter(std::chrono::seconds(10));
  if (limiter.Allow()) {
    kvshim::base::Log(kvshim::base::Level::kError, "cannot write the audit log",
                      {{"error", std::string(strerror(errno))}});
  }
}

}  // namespace kvplane::auth
