#include "auth/audit_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "unit/temporary_directory.h"

namespace kvplane::auth {
namespace {

using apiserver::Pairs;
using apiserver::Request;

class Taking : public apiserver::Response {
 public:
  void Send(int, Pairs headers, std::string) override { sent = std::move(headers); }
  void Begin(int, Pairs) override {}
  bool Write(std::string_view) override { return true; }
  void End() override {}
  void OnGone(std::function<void()>) override {}

  Pairs sent;
};

class AuditLogTest : public testing::Test {
 protected:
  std::unique_ptr<AuditLog> Open(AuditLogOptions options) {
    options.path = directory_.File("audit.log");
    auto log = AuditLog::Open(std::move(options));
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }
  static std::string Read(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string Log() { return Read(directory_.File("audit.log")); }
  std::vector<std::filesystem::path> Files() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      files.push_back(entry.path());
    }
    return files;
  }

  kvshim::testing::TemporaryDirectory directory_;
};

Request Put(const std::string& path, std::string body) {
  return {.method = "PUT",
          .path = path,
          .headers = {{"content-type", "application/json"}},
          .body = std::move(body),
          .peer = "10.0.0.7:51234"};
}

AuditPolicy Policy(const std::string& rules) {
  auto policy =
      AuditPolicy::Read("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [" + rules + "]}");
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *std::move(policy);
}

constexpr char kMap[] = "/api/v1/namespaces/default/configmaps/a";

TEST_F(AuditLogTest, HasBodiesWhereThePolicySaysSo) {
  const auto log = Open({.policy = Policy("{level: RequestResponse, omitManagedFields: true}")});
  const auto notes = std::make_shared<AuditLog::Notes>();
  const auto response =
      log->Follow(Put(kMap, R"({"metadata":{"name":"a","managedFields":[1]},"data":{"sent":"1"}})"),
                  notes, std::make_shared<Taking>());
  EXPECT_NE(Log().find(R"("stage":"RequestReceived")"), std::string::npos);
  EXPECT_EQ(Log().find("responseStatus"), std::string::npos);
  response->Send(200, {{"content-type", "application/json"}},
                 R"({"kind":"ConfigMapList","items":[{"metadata":{"managedFields":[1]},"n":2}]})");
  const std::string log_text = Log();
  EXPECT_NE(log_text.find(R"("requestObject":{"metadata":{"name":"a"},"data":{"sent":"1"}})"),
            std::string::npos)
      << log_text;
  EXPECT_NE(log_text.find(R"("responseObject":{"kind":"ConfigMapList","items":[{"metadata":{},)"),
            std::string::npos)
      << log_text;
  EXPECT_NE(log_text.find(R"("stage":"ResponseComplete")"), std::string::npos);
}

TEST_F(AuditLogTest, HasNoBodiesOtherwise) {
  const auto log = Open({.policy = Policy("{level: Metadata, omitStages: [RequestReceived]}")});
  const auto taking = std::make_shared<Taking>();
  log->Follow(Put(kMap, R"({"data":{"a":"hidden"}})"), std::make_shared<AuditLog::Notes>(), taking)
      ->Send(200, {}, R"({"data":{"a":"hidden"}})");
  EXPECT_NE(Log().find(R"("name":"a")"), std::string::npos);
  EXPECT_EQ(Log().find("hidden"), std::string::npos);
  EXPECT_EQ(taking->sent.back().first, "audit-id");
}

TEST_F(AuditLogTest, HasNothingOfWhatThePolicyPassesOver) {
  const auto log = Open({.policy = Policy("{level: None}")});
  log->Follow(Put(kMap, "{}"), std::make_shared<AuditLog::Notes>(), std::make_shared<Taking>())
      ->Send(200, {}, "{}");
  EXPECT_EQ(Log(), "");
}

TEST_F(AuditLogTest, IsPutAsideBeforeItGrowsTooLarge) {
  const auto log = Open({.most_bytes = 1000, .most_backups = 2});
  const std::string line(299, 'x');
  for (int i = 0; i < 20; ++i) log->Write(line);
  EXPECT_EQ(Files().size(), 3u) << "the log and two before it";
  for (const auto& file : Files()) EXPECT_EQ(std::filesystem::file_size(file) % 300, 0u) << file;
  EXPECT_EQ(std::filesystem::file_size(directory_.File("audit.log")), 600u)
      << "twenty lines, three a file";
}

TEST_F(AuditLogTest, OldOnesGo) {
  const auto log = Open({.most_bytes = 1000, .longest_kept = std::chrono::hours(24)});
  const std::string line(299, 'x');
  for (int i = 0; i < 4; ++i) log->Write(line);
  ASSERT_EQ(Files().size(), 2u);
  for (const auto& file : Files()) {
    if (file.filename() == "audit.log") continue;
    std::filesystem::last_write_time(
        file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  }
  for (int i = 0; i < 3; ++i) log->Write(line);
  EXPECT_EQ(Files().size(), 2u) << "one was put aside, the one of yesterday is gone";
}

TEST_F(AuditLogTest, GrowsWhereNothingIsSaid) {
  const auto log = Open({});
  for (int i = 0; i < 100; ++i) log->Write(std::string(299, 'x'));
  EXPECT_EQ(Files().size(), 1u);
}

}  // namespace
}  // namespace kvplane::auth
