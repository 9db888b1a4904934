// Controllers over an API and a store of their own, on a clock that a test moves.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "apiserver/token_issuer.h"
#include "cluster/bootstrap.h"
#include "cluster/certificate.h"
#include "controller/controllers.h"
#include "unit/apiserver/api_fixture.h"

namespace kvplane::controller {

class ControllerTest : public apiserver::ApiTest {
 protected:
  ~ControllerTest() override {
    if (controllers_ != nullptr) controllers_->Stop();
  }

  apiserver::Handler Handler() {
    return [this](apiserver::Request request, std::shared_ptr<apiserver::Response> response) {
      api_->Handle(std::move(request), std::move(response));
    };
  }

  // Runs those that `make` makes, and waits until they lead.
  void Run(std::function<ControllerList(Environment&)> make) {
    controllers_ = std::make_unique<Controllers>(ControllersOptions{.registry = api_->registry(),
                                                                    .api = Handler(),
                                                                    .cluster = Cluster(),
                                                                    .tokens = tokens_,
                                                                    .authorizer = authorizer_,
                                                                    .quota_rules = quota_rules_,
                                                                    .identity = "test",
                                                                    .clock = clock_,
                                                                    .make = std::move(make)});
    controllers_->Start();
    ASSERT_TRUE(Await([&] { return controllers_->leads(); }));
  }
  // Only this one.
  template <typename Type>
  void Run() {
    Run([](Environment& environment) {
      ControllerList list;
      list.push_back(std::make_unique<Type>(environment));
      return list;
    });
  }

  // Whether it comes to be. The clock moves on slowly, so that what failed is tried again.
  bool Await(const std::function<bool()>& condition) {
    for (int i = 0; i < 5000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      clock_.Advance(std::chrono::milliseconds(2));
      controllers_->RunDue();
    }
    return condition();
  }
  void Pass(kvshim::base::Duration time) {
    clock_.Advance(time);
    controllers_->RunDue();
  }
  bool AwaitGone(const std::string& url) {
    return Await([&] { return Get(url).status == 404; });
  }
  bool AwaitAt(const std::string& url, const std::string& path, const std::string& wanted) {
    const bool came = Await([&] { return Get(url).at(path) == wanted; });
    // It may be something else already.
    EXPECT_TRUE(came) << path << " was never " << wanted << ": " << Get(url).body;
    return came;
  }

  // The authorities, made once for all tests.
  static const cluster::Bootstrap& Cluster() {
    static const auto* const cluster =
        new cluster::Bootstrap{.server_ca = *cluster::MakeAuthority("server-ca"),
                               .client_ca = *cluster::MakeAuthority("client-ca")};
    return *cluster;
  }

  // Tokens that say whose they are.
  class PlainTokens : public apiserver::TokenIssuer {
   public:
    absl::StatusOr<apiserver::IssuedToken> Issue(const apiserver::TokenWish& wish) const override {
      return apiserver::IssuedToken{.token = wish.account.ns + "/" + wish.account.name + "/" +
                                             wish.account.uid + "/" + wish.bound.name};
    }
    absl::StatusOr<apiserver::ReviewedToken> Review(
        std::string_view /*token*/, const std::vector<std::string>& /*audiences*/) const override {
      return absl::UnimplementedError("nobody asks");
    }
  };

  // Allows what is in it: "alice create certificatesigningrequests/nodeclient".
  class ListedAuthorizer : public apiserver::Authorizer {
   public:
    apiserver::Decision Authorize(const apiserver::User& user,
                                  const apiserver::RequestInfo& request) const override {
      return {.allowed = allowed.contains(user.name + " " + request.verb + " " + request.resource +
                                          "/" + request.subresource)};
    }
    std::vector<apiserver::Rule> RulesOf(const apiserver::User& /*user*/,
                                         const std::string& /*ns*/) const override {
      return {};
    }
    std::set<std::string> allowed;
  };

  PlainTokens tokens_;
  ListedAuthorizer authorizer_;
  QuotaRules quota_rules_;
  kvshim::base::FakeClock clock_;
  const WallClock wall_{clock_};  // as the controllers', which begin at the same time of day
  std::unique_ptr<Controllers> controllers_;
};

}  // namespace kvplane::controller
