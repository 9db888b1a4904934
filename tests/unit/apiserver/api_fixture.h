// An API over a store of its own, asked as a listener asks it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "api/json.h"
#include "apiserver/api.h"
#include "kvshim/store.h"
#include "unit/temporary_directory.h"

namespace kvplane::apiserver {

namespace json = api::json;

// Keeps what it is answered.
class RecordingResponse : public Response {
 public:
  void Send(int status, Pairs headers, std::string body) override {
    Begin(status, std::move(headers));
    Write(body);
    End();
  }
  void Begin(int status, Pairs headers) override {
    std::lock_guard lock(mutex_);
    status_ = status;
    headers_ = std::move(headers);
  }
  bool Write(std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    body_ += bytes;
    changed_.notify_all();
    return !gone_;
  }
  void End() override {
    std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  void OnGone(std::function<void()> gone) override {
    std::lock_guard lock(mutex_);
    on_gone_ = std::move(gone);
  }

  void Go() {
    std::function<void()> gone;
    {
      std::lock_guard lock(mutex_);
      gone_ = true;
      gone = std::exchange(on_gone_, nullptr);
    }
    if (gone != nullptr) gone();
  }
  void AwaitEnd() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_; });
  }
  // The first `count` lines that are written.
  std::vector<std::string> AwaitLines(size_t count) {
    std::unique_lock lock(mutex_);
    std::vector<std::string> lines;
    const bool came = changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      lines = Lines();
      return lines.size() >= count || ended_;
    });
    EXPECT_TRUE(came) << "only " << lines.size() << " lines: " << body_;
    lines.resize(count);
    return lines;
  }
  int status() const { return status_; }
  std::string header(std::string_view name) const {
    std::string found;
    for (const auto& [key, value] : headers_) {
      if (key == name) found += found.empty() ? value : "\n" + value;
    }
    return found;
  }
  const std::string& body() const { return body_; }

 private:
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    size_t begin = 0;
    for (size_t end; (end = body_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      lines.push_back(body_.substr(begin, end - begin));
    }
    return lines;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int status_ = 0;
  Pairs headers_;
  std::string body_;
  bool ended_ = false;
  bool gone_ = false;
  std::function<void()> on_gone_;
};

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    auto store = kvshim::Store::Open("sqlite://" + directory_.File("state.db"), {});
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto api = Api::Create(*store_, {.threads = 4});
    EXPECT_TRUE(api.ok()) << api.status();
    api_ = *std::move(api);
  }

  struct Answer {
    int status = 0;
    std::string body;
    std::string warning;
    std::string content_type;
    json::Object object() const {
      auto parsed = api::ParseJson(body);
      return parsed.ok() && parsed->is_object() ? parsed->get_object() : json::Object();
    }
    // Text at "spec.replicas"; numbers as text.
    std::string at(std::string_view path) const { return At(json::Value(object()), path); }
  };

  static std::string At(const json::Value& value, std::string_view path) {
    const json::Value* found = &value;
    while (!path.empty()) {
      const size_t dot = std::min(path.find('.'), path.size());
      const std::string_view name = path.substr(0, dot);
      path.remove_prefix(std::min(dot + 1, path.size()));
      if (const json::Array* array = found->if_array()) {
        const size_t index = std::stoul(std::string(name));
        if (index >= array->size()) return "(none)";
        found = &(*array)[index];
        continue;
      }
      const json::Object* object = found->if_object();
      found = object == nullptr ? nullptr : json::Find(*object, name);
      if (found == nullptr) return "(none)";
    }
    return found->is_string() ? std::string(json::View(found->get_string())) : api::ToJson(*found);
  }

  std::shared_ptr<RecordingResponse> Start(std::string method, const std::string& url,
                                           std::string body = {}, Pairs headers = {}) {
    Request request{.method = std::move(method), .headers = std::move(headers)};
    request.body = std::move(body);
    std::istringstream parts(url);
    std::getline(parts, request.path, '?');
    for (std::string pair; std::getline(parts, pair, '&');) {
      std::istringstream halves(pair);
      std::string name;
      std::string value;
      std::getline(halves, name, '=');
      std::getline(halves, value);
      request.query.emplace_back(std::move(name), std::move(value));
    }
    auto response = std::make_shared<RecordingResponse>();
    api_->Handle(std::move(request), response);
    return response;
  }

  Answer Ask(std::string method, const std::string& url, std::string body = {},
             Pairs headers = {}) {
    const auto response = Start(std::move(method), url, std::move(body), std::move(headers));
    response->AwaitEnd();
    return {response->status(), response->body(), response->header("warning"),
            response->header("content-type")};
  }
  Answer Get(const std::string& url, std::string accept = {}) {
    return Ask("GET", url, {}, {{"accept", std::move(accept)}});
  }
  Answer Post(const std::string& url, std::string body) {
    return Ask("POST", url, std::move(body), {{"content-type", "application/json"}});
  }
  Answer Put(const std::string& url, std::string body) {
    return Ask("PUT", url, std::move(body), {{"content-type", "application/json"}});
  }
  Answer Patch(const std::string& url, const std::string& type, std::string body) {
    return Ask("PATCH", url, std::move(body), {{"content-type", type}});
  }

  kvshim::testing::TemporaryDirectory directory_;
  std::unique_ptr<kvshim::Store> store_;
  std::unique_ptr<Api> api_;
};

inline constexpr char kConfigMaps[] = "/api/v1/namespaces/default/configmaps";
inline constexpr char kPods[] = "/api/v1/namespaces/default/pods";
inline constexpr char kDeployments[] = "/apis/apps/v1/namespaces/default/deployments";

inline std::string ConfigMap(const std::string& name, const std::string& more = "") {
  return R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":")" + name + "\"" + more +
         R"(},"data":{"a":"1"}})";
}

inline std::string Pod(const std::string& name, const std::string& more = "") {
  return R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name +
         R"(","labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}})" +
         more;
}

inline std::string Deployment(const std::string& name, int replicas = 1) {
  return R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":")" + name +
         R"("},"spec":{"replicas":)" + std::to_string(replicas) +
         R"(,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":)"
         R"("web"}},"spec":{"containers":[{"name":"c","image":"nginx:1"}]}}}})";
}

}  // namespace kvplane::apiserver
