#include "auth/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>
#include <vector>

#include "api/envelope.h"
#include "api/json.h"
#include "api/schema.h"
#include "api/timestamp.h"
#include "apiserver/request_info.h"
#include "apiserver/yaml.h"
#include "auth/access_review.h"
#include "auth/identifier.h"
#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"

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

json::Object EventOf(const Request& request, const RequestInfo& info, AuditLevel level,
                     const std::string& id) {
  json::Object event{{"kind", "Event"},
                     {"apiVersion", "audit.k8s.io/v1"},
                     {"level", json::ToBoost(NameOf(level))},
                     {"auditID", json::ToBoost(id)},
                     {"stage", nullptr},
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

void RemoveManagedFields(json::Value& body) {
  json::Object* object = body.if_object();
  if (object == nullptr) return;
  if (json::Object* metadata = kinds::FindObject(*object, {"metadata"})) {
    kinds::Remove(*metadata, "managedFields");
  }
  kinds::ForEach(*object, {"items"}, [](json::Object& item) {
    if (json::Object* metadata = kinds::FindObject(item, {"metadata"})) {
      kinds::Remove(*metadata, "managedFields");
    }
  });
}

// A body as the event has it; null where it cannot be read.
json::Value Readable(const std::string& body, std::string_view type, bool without_managed_fields) {
  if (body.empty()) return nullptr;
  absl::StatusOr<json::Value> read =
      api::IsEnvelope(body) ? api::DecodeObject(api::Schema::Kubernetes(), body)
      : type.find("yaml") != std::string_view::npos ? apiserver::ParseYaml(body)
                                                    : api::ParseJson(body);
  if (!read.ok()) return nullptr;
  if (without_managed_fields) RemoveManagedFields(*read);
  return *std::move(read);
}

std::string_view TypeOf(const Pairs& headers) {
  for (const auto& [name, value] : headers) {
    if (name == "content-type") return value;
  }
  return {};
}

class FollowedResponse : public Response {
 public:
  FollowedResponse(AuditLog& log, const Request& request, const RequestInfo& info,
                   AuditDecision decision, std::shared_ptr<AuditLog::Notes> notes,
                   std::shared_ptr<Response> inner)
      : log_(log),
        decision_(std::move(decision)),
        id_(RandomIdentifier()),
        event_(EventOf(request, info, decision_.level, id_)),
        keeps_answer_(decision_.level == AuditLevel::kRequestResponse && info.is_resource),
        notes_(std::move(notes)),
        inner_(std::move(inner)) {
    if (decision_.level >= AuditLevel::kRequest && info.is_resource) {
      json::Value body =
          Readable(request.body, request.Header("content-type"), decision_.omits_managed_fields);
      if (!body.is_null()) event_["requestObject"] = std::move(body);
    }
    Tell(kRequestReceived);
  }
  ~FollowedResponse() override { Complete(); }

  void Send(int status, Pairs headers, std::string body) override {
    status_ = status;
    if (keeps_answer_) {
      json::Value answer = Readable(body, TypeOf(headers), decision_.omits_managed_fields);
      if (!answer.is_null()) event_["responseObject"] = std::move(answer);
    }
    headers.emplace_back("audit-id", id_);
    inner_->Send(status, std::move(headers), std::move(body));
    Complete();
  }
  void Begin(int status, Pairs headers) override {
    status_ = status;
    headers.emplace_back("audit-id", id_);
    inner_->Begin(status, std::move(headers));
    Tell(kResponseStarted);
  }
  bool Write(std::string_view bytes) override { return inner_->Write(bytes); }
  void End() override {
    inner_->End();
    Complete();
  }
  void OnGone(std::function<void()> gone) override { inner_->OnGone(std::move(gone)); }

 private:
  void Complete() {
    if (std::exchange(completed_, true)) return;
    if (status_ == 0) status_ = 500;
    Tell(kResponseComplete);
  }

  void Tell(std::string_view stage) {
    if (!decision_.Tells(stage)) return;
    event_["stage"] = json::ToBoost(stage);
    event_["user"] = UserDocument(notes_->user);
    if (!notes_->impersonated.name.empty()) {
      event_["impersonatedUser"] = UserDocument(notes_->impersonated);
    }
    if (status_ != 0) {
      event_["responseStatus"] = json::Object{{"metadata", json::Object()}, {"code", status_}};
    }
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
  const AuditDecision decision_;
  const std::string id_;
  json::Object event_;
  const bool keeps_answer_;
  const std::shared_ptr<AuditLog::Notes> notes_;
  const std::shared_ptr<Response> inner_;
  int status_ = 0;
  bool completed_ = false;
};

absl::StatusOr<int> OpenFile(const std::string& path) {
  const int fd = path == "-" ? dup(STDOUT_FILENO)
                             : open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  return absl::InvalidArgumentError(
      Concat("cannot write ", path, ": ", std::string_view(strerror(errno))));
}

void ComplainAboutWriting(std::string_view why) {
  static kvshim::base::LogLimiter limiter(std::chrono::seconds(10));
  if (limiter.Allow()) {
    kvshim::base::Log(kvshim::base::Level::kError, "cannot write the audit log",
                      {{"error", std::string(why)}});
  }
}

// "/var/log/audit.log" once it is full: "/var/log/audit-2026-01-02T15-04-05.678.log".
std::string NameOnceFull(const std::filesystem::path& path) {
  auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  for (;; now += std::chrono::milliseconds(1)) {
    const time_t seconds = std::chrono::system_clock::to_time_t(now);
    tm parts{};
    gmtime_r(&seconds, &parts);
    char text[64];
    const size_t size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H-%M-%S", &parts);
    const auto millis = static_cast<int>(now.time_since_epoch().count() % 1000);
    std::snprintf(text + size, sizeof(text) - size, ".%03d", millis);
    const auto name = path.parent_path() / Concat(path.stem().string(), "-", std::string_view(text),
                                                  path.extension().string());
    std::error_code ignored;
    if (!std::filesystem::exists(name, ignored)) return name.string();
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(AuditLogOptions options) {
  ASSIGN_OR_RETURN(const int fd, OpenFile(options.path));
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(options), fd));
}

AuditLog::~AuditLog() { close(fd_); }

std::shared_ptr<Response> AuditLog::Follow(const Request& request, std::shared_ptr<Notes> notes,
                                           std::shared_ptr<Response> inner) {
  const RequestInfo info = RequestInfo::Of(request);
  AuditDecision decision = options_.policy.Decide(notes->user, info);
  if (decision.level == AuditLevel::kNone) return inner;
  return std::make_shared<FollowedResponse>(*this, request, info, std::move(decision),
                                            std::move(notes), std::move(inner));
}

void AuditLog::Write(std::string line) {
  line += '\n';
  kvshim::base::MutexLock lock(mutex_);
  RotateFor(line.size());
  ssize_t written = 0;
  do {
    written = write(fd_, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(line.size())) ComplainAboutWriting(strerror(errno));
}

void AuditLog::RotateFor(size_t bytes) {
  if (options_.most_bytes == 0 || options_.path == "-") return;
  struct stat now{};
  if (fstat(fd_, &now) != 0 || now.st_size == 0) return;
  if (static_cast<size_t>(now.st_size) + bytes <= options_.most_bytes) return;
  if (rename(options_.path.c_str(), NameOnceFull(options_.path).c_str()) != 0) {
    return ComplainAboutWriting(strerror(errno));
  }
  const absl::StatusOr<int> fresh = OpenFile(options_.path);
  if (!fresh.ok()) return ComplainAboutWriting(kvshim::base::FromAbsl(fresh.status().message()));
  close(std::exchange(fd_, *fresh));
  RemoveOld();
}

void AuditLog::RemoveOld() {
  const std::filesystem::path path(options_.path);
  const std::string before = path.stem().string() + "-";
  const auto limit = std::filesystem::file_time_type::clock::now() - options_.longest_kept;
  std::error_code ignored;
  std::vector<std::filesystem::path> kept;
  const auto directory = path.has_parent_path() ? path.parent_path() : ".";
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(before) || entry.path().extension() != path.extension()) continue;
    const bool old = options_.longest_kept.count() > 0 && entry.last_write_time(ignored) < limit;
    if (old) {
      std::filesystem::remove(entry.path(), ignored);
    } else {
      kept.push_back(entry.path());
    }
  }
  if (options_.most_backups == 0) return;
  // Their names tell their times.
  std::sort(kept.begin(), kept.end(), std::greater<>());
  for (size_t i = options_.most_backups; i < kept.size(); ++i) {
    std::filesystem::remove(kept[i], ignored);
  }
}

}  // namespace kvplane::auth
