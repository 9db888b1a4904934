// A registry over a store of its own that asks a whole chain, written to as various users.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "admission/chain.h"
#include "admission/lookup.h"
#include "api/canonical.h"
#include "apiserver/authorizer.h"
#include "kinds/members.h"
#include "kvshim/store.h"
#include "registry/failure.h"
#include "registry/registry.h"
#include "registry/stored_form.h"
#include "unit/temporary_directory.h"

namespace kvplane::admission {

// Allows "VERB RESOURCE NAME", and holds rules.
class FixedAuthorizer : public apiserver::Authorizer {
 public:
  apiserver::Decision Authorize(const apiserver::User& /*user*/,
                                const apiserver::RequestInfo& info) const override {
    return {.allowed = allowed.contains(info.verb + " " + info.resource + " " + info.name)};
  }
  std::vector<apiserver::Rule> RulesOf(const apiserver::User& /*user*/,
                                       const std::string& /*ns*/) const override {
    return rules;
  }

  std::set<std::string> allowed;
  std::vector<apiserver::Rule> rules;
};

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    store_ = *kvshim::Store::Open("sqlite://" + directory_.File("state.db"), {});
    registry_ = *registry::Registry::Open(*store_, {});
    chain_ = MakeChain(*registry_, authorizer_, *client_);
    registry_->SetAdmission(chain_.get());
    Must("v1 serviceaccounts", R"({"metadata":{"name":"default"}})");
  }
  ~AdmissionTest() override { registry_->SetAdmission(nullptr); }

  // "v1 pods"
  static const kinds::Kind& Kind(const std::string& kind) {
    const size_t blank = kind.find(' ');
    return BuiltIn(kind.substr(0, blank), kind.substr(blank + 1));
  }

  absl::StatusOr<json::Object> Create(const std::string& of, const std::string& text,
                                      bool dry_run = false) {
    const kinds::Kind& kind = Kind(of);
    json::Object object = api::ParseJson(text)->get_object();
    object["apiVersion"] = json::ToBoost(kind.group_version);
    object["kind"] = json::ToBoost(kind.name);
    auto canonical = api::Canonicalize(*kind.message, std::move(object));
    if (!canonical.ok()) return canonical.status();
    warnings_.clear();
    registry::WriteOptions options;
    options.dry_run = dry_run;
    options.requester = Self();
    auto created = registry_->Create(kind, kind.namespaced ? "default" : "",
                                     std::move(canonical->get_object()), options);
    Await(kind);
    return created;
  }
  json::Object Must(const std::string& of, const std::string& text) {
    auto created = Create(of, text);
    EXPECT_TRUE(created.ok()) << text << "\n" << Message(created.status());
    return created.ok() ? *std::move(created) : json::Object();
  }
  // What it is refused with; empty where it is not.
  std::string Refusal(const std::string& of, const std::string& text) {
    return Message(Create(of, text).status());
  }
  absl::Status Update(const std::string& of, const std::string& name, const std::string& part,
                      const std::function<void(json::Object&)>& change) {
    const kinds::Kind& kind = Kind(of);
    warnings_.clear();
    registry::UpdateOptions options;
    options.part = part;
    options.requester = Self();
    const auto updated = registry_->Update(
        kind, kind.namespaced ? "default" : "", name,
        [&](const json::Object& current) -> absl::StatusOr<json::Object> {
          json::Object object = current;
          change(object);
          return object;
        },
        options);
    Await(kind);
    return updated.status();
  }
  absl::Status Delete(const std::string& of, const std::string& name) {
    const kinds::Kind& kind = Kind(of);
    registry::DeleteOptions options;
    options.grace_seconds = 0;
    options.requester = Self();
    const absl::Status status =
        registry_->Delete(kind, kind.namespaced ? "default" : "", name, options).status();
    Await(kind);
    return status;
  }

  static std::string Message(const absl::Status& status) {
    return status.ok() ? std::string() : registry::FailureOf(status).message;
  }
  // Until the cache has what was written.
  void Await(const kinds::Kind& kind) {
    const int64_t revision = *registry_->CurrentRevision();
    EXPECT_TRUE(registry_->CacheOf(kind).List(kind.prefix, revision).ok());
  }
  registry::Requester Self() { return {.user = &user_, .warnings = &warnings_}; }

  static std::string Pod(const std::string& name, const std::string& spec = "",
                         const std::string& container = "", const std::string& metadata = "") {
    return R"({"metadata":{"name":")" + name + "\"" + metadata + R"(},"spec":{"containers":[{)" +
           R"("name":"c","image":"nginx:1")" + container + "}]" + spec + "}}";
  }

  kvshim::testing::TemporaryDirectory directory_;
  std::unique_ptr<kvshim::Store> store_;
  FixedAuthorizer authorizer_;
  const std::unique_ptr<webhook::Client> client_ = webhook::Client::Make();
  std::unique_ptr<registry::Admission> chain_;
  std::unique_ptr<registry::Registry> registry_;
  registry::User user_{.name = "alice", .groups = {"staff", "system:authenticated"}};
  std::vector<std::string> warnings_;
};

}  // namespace kvplane::admission
