#include "controller/client.h"

#include <charconv>
#include <memory>

#include "api/json_equal.h"
#include "apiserver/version.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/preparation.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::MutexLock;

// How often a change is made again where others come between.
constexpr int kTries = 20;

// An answer that somebody waits for.
class AwaitedResponse : public apiserver::Response {
 public:
  void Send(int status, apiserver::Pairs headers, std::string body) override {
    Begin(status, std::move(headers));
    Write(body);
    End();
  }
  void Begin(int status, apiserver::Pairs /*headers*/) override {
    MutexLock lock(mutex_);
    status_ = status;
  }
  bool Write(std::string_view bytes) override {
    MutexLock lock(mutex_);
    body_ += bytes;
    return true;
  }
  void End() override {
    MutexLock lock(mutex_);
    ended_ = true;
    changed_.NotifyAll();
  }
  void OnGone(std::function<void()> /*gone*/) override {}

  std::pair<int, std::string> Await() {
    MutexLock lock(mutex_);
    while (!ended_) changed_.Wait(mutex_);
    return {status_, std::move(body_)};
  }

 private:
  kvshim::base::Mutex mutex_;
  kvshim::base::Condition changed_;
  int status_ GUARDED_BY(mutex_) = 0;
  std::string body_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
};

absl::Status FailureFrom(int code, const json::Object& status) {
  registry::Failure failure{.code = code,
                            .reason = std::string(Text(status, {"reason"})),
                            .message = std::string(Text(status, {"message"}))};
  if (const json::Object* details = kinds::FindObject(status, {"details"})) {
    failure.details = *details;
  }
  return registry::MakeStatus(failure);
}

void NameKind(const kinds::Kind& kind, json::Object& object) {
  object["apiVersion"] = json::ToBoost(kind.group_version);
  object["kind"] = json::ToBoost(kind.name);
}

}  // namespace

apiserver::User ServiceAccount(std::string_view name) {
  return {.name = Concat("system:serviceaccount:kube-system:", name),
          .groups = {"system:serviceaccounts", "system:serviceaccounts:kube-system",
                     "system:authenticated"}};
}

int64_t RevisionOf(const json::Object& object) {
  const std::string_view text = Text(object, {"metadata", "resourceVersion"});
  int64_t revision = 0;
  std::from_chars(text.data(), text.data() + text.size(), revision);
  return revision;
}

std::string PathOf(const kinds::Kind& kind, std::string_view name_space, std::string_view name,
                   std::string_view part) {
  std::string path = Concat(kind.group.empty() ? "/api/" : "/apis/", kind.group_version);
  if (kind.namespaced && !name_space.empty()) path += Concat("/namespaces/", name_space);
  path += Concat("/", kind.plural);
  if (!name.empty()) path += Concat("/", name);
  if (!part.empty()) path += Concat("/", part);
  return path;
}

absl::StatusOr<json::Object> Client::Ask(std::string method, std::string path, json::Object body,
                                         std::string content_type) const {
  apiserver::Request request{
      .method = std::move(method),
      .path = std::move(path),
      .headers = {{"content-type", std::move(content_type)},
                  {"accept", "application/json"},
                  {"user-agent", Concat("kube-controller-manager/", apiserver::kGitVersion)}}};
  request.body = api::ToJson(json::Value(std::move(body)));
  request.user = user_;
  const auto response = std::make_shared<AwaitedResponse>();
  handler_(std::move(request), response);
  const auto [status, text] = response->Await();
  auto document = api::ParseJson(text);
  if (!document.ok() || !document->is_object()) {
    return registry::InternalError(Concat("the API answered no document: ", text));
  }
  if (status >= 300) return FailureFrom(status, document->get_object());
  return std::move(document->get_object());
}

absl::StatusOr<json::Object> Client::Create(const kinds::Kind& kind, json::Object object) const {
  NameKind(kind, object);
  std::string path = PathOf(kind, Text(object, {"metadata", "namespace"}), "");
  return Ask("POST", std::move(path), std::move(object));
}

absl::StatusOr<json::Object> Client::Update(const kinds::Kind& kind, json::Object object,
                                            std::string_view part) const {
  NameKind(kind, object);
  std::string path = PathOf(kind, Text(object, {"metadata", "namespace"}),
                            Text(object, {"metadata", "name"}), part);
  return Ask("PUT", std::move(path), std::move(object));
}

absl::StatusOr<json::Object> Client::UpdateFrom(const kinds::Kind& kind, const json::Object& before,
                                                json::Object object, std::string_view part) const {
  RETURN_IF_ERROR(registry::MakeCanonical(kind, object));
  if (api::JsonEqual(json::Value(object), json::Value(before))) return object;
  return Update(kind, std::move(object), part);
}

absl::StatusOr<json::Object> Client::Change(const kinds::Kind& kind, std::string_view name_space,
                                            std::string_view name, std::string_view part,
                                            const Edit& edit) const {
  absl::StatusOr<json::Object> written = absl::UnknownError("not tried");
  for (int i = 0; i < kTries; ++i) {
    ASSIGN_OR_RETURN(const json::Object current, Get(kind, name_space, name));
    json::Object object = current;
    edit(object);
    written = UpdateFrom(kind, current, std::move(object), part);
    if (!registry::HasReason(written.status(), "Conflict")) break;
  }
  return written;
}

absl::StatusOr<json::Object> Client::Patch(const kinds::Kind& kind, std::string_view name_space,
                                           std::string_view name, json::Object patch) const {
  return Ask("PATCH", PathOf(kind, name_space, name), std::move(patch),
             "application/strategic-merge-patch+json");
}

absl::Status Client::Delete(const kinds::Kind& kind, std::string_view name_space,
                            std::string_view name, json::Object options) const {
  options["apiVersion"] = "v1";
  options["kind"] = "DeleteOptions";
  return Ask("DELETE", PathOf(kind, name_space, name), std::move(options)).status();
}

absl::Status Client::DeleteCollection(const kinds::Kind& kind, std::string_view name_space) const {
  return Ask("DELETE", PathOf(kind, name_space, ""),
             {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}})
      .status();
}

}  // namespace kvplane::controller
