#include "controller/elector.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "unit/apiserver/api_fixture.h"

namespace kvplane::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kLease[] =
    "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager";

class ElectorTest : public apiserver::ApiTest {
 protected:
  // One server of several.
  struct Candidate {
    std::atomic<bool> cut = false;  // its writes fail
    std::atomic<int> started = 0;
    std::atomic<int> stopped = 0;
    std::unique_ptr<Elector> elector;
  };

  ~ElectorTest() override { informing_.Stop(); }

  void Start(Candidate& candidate, const std::string& identity, bool alone = false) {
    apiserver::Handler handler = [this, &candidate](apiserver::Request request, auto response) {
      if (candidate.cut) return response->Send(503, {}, R"({"reason":"ServiceUnavailable"})");
      api_->Handle(std::move(request), std::move(response));
    };
    candidate.elector = std::make_unique<Elector>(
        ElectorOptions{.identity = identity, .alone = alone},
        ElectorParts{.client = Client(api_->registry(), handler, {.name = "test"}),
                     .registry = api_->registry(),
                     .informing = informing_,
                     .clock = clock_},
        ElectorEvents{.started = [&] { ++candidate.started; },
                      .stopped = [&] { ++candidate.stopped; }});
    candidate.elector->Start();
    candidate.elector->RunDue();
  }

  // Time passes for all, a second after the other, and news reaches them in between.
  void Pass(seconds time) {
    for (seconds passed{0}; passed < time; passed += seconds(1)) {
      clock_.Advance(seconds(1));
      for (Candidate* one : {&first_, &second_}) {
        if (one->elector != nullptr) one->elector->RunDue();
      }
      AwaitNews();
    }
  }
  // What was written so far has reached the informers.
  void AwaitNews() {
    const std::string name = "news-" + std::to_string(++news_);
    Post("/apis/coordination.k8s.io/v1/namespaces/default/leases",
         R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":")" + name +
             R"("}})");
    for (int i = 0; i < 10000 && watch_->Get("default/" + name) == nullptr; ++i) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    informing_.RunDue();
    for (Candidate* one : {&first_, &second_}) {
      if (one->elector != nullptr) one->elector->RunDue();
    }
  }

  kvshim::base::FakeClock clock_;
  kvshim::base::Executor informing_{{.name = "informing"}};
  Informers informers_{api_->registry(), informing_};
  Informer* watch_ = [this] {
    Informer& leases = informers_.Of("coordination.k8s.io/v1", "leases");
    EXPECT_TRUE(informers_.Start().ok());
    return &leases;
  }();
  int news_ = 0;
  Candidate first_;
  Candidate second_;
};

TEST_F(ElectorTest, TheFirstLeadsAndTellsSoInALease) {
  Start(first_, "one");
  EXPECT_TRUE(first_.elector->leads());
  EXPECT_EQ(first_.started, 1);
  const Answer lease = Get(kLease);
  EXPECT_EQ(lease.at("spec.holderIdentity"), "one");
  EXPECT_EQ(lease.at("spec.leaseDurationSeconds"), "15");
  EXPECT_EQ(lease.at("spec.leaseTransitions"), "0");
  Pass(seconds(60));
  EXPECT_TRUE(first_.elector->leads());
  EXPECT_NE(Get(kLease).at("spec.renewTime"), lease.at("spec.renewTime"));
  EXPECT_EQ(Get(kLease).at("spec.acquireTime"), lease.at("spec.acquireTime"));
}

TEST_F(ElectorTest, AnotherFollowsAsLongAsTheLeaseIsRenewed) {
  Start(first_, "one");
  Start(second_, "two");
  Pass(seconds(120));
  EXPECT_TRUE(first_.elector->leads());
  EXPECT_FALSE(second_.elector->leads());
  EXPECT_EQ(second_.started, 0);
}

TEST_F(ElectorTest, OneThatCannotRenewStopsBeforeAnotherLeads) {
  Start(first_, "one");
  Start(second_, "two");
  Pass(seconds(4));
  first_.cut = true;
  Pass(seconds(9));
  EXPECT_TRUE(first_.elector->leads());
  EXPECT_FALSE(second_.elector->leads());
  Pass(seconds(2));
  EXPECT_FALSE(first_.elector->leads());
  EXPECT_EQ(first_.stopped, 1);
  EXPECT_FALSE(second_.elector->leads());
  Pass(seconds(5));
  EXPECT_TRUE(second_.elector->leads());
  EXPECT_EQ(Get(kLease).at("spec.holderIdentity"), "two");
  EXPECT_EQ(Get(kLease).at("spec.leaseTransitions"), "1");
  first_.cut = false;
  Pass(seconds(60));
  EXPECT_FALSE(first_.elector->leads());
}

TEST_F(ElectorTest, OneThatStopsLetsAnotherLeadAtOnce) {
  Start(first_, "one");
  Start(second_, "two");
  AwaitNews();
  first_.elector->Stop();
  EXPECT_EQ(first_.stopped, 1);
  AwaitNews();
  EXPECT_TRUE(second_.elector->leads());
}

TEST_F(ElectorTest, OneWhoseLeaseWasTakenStops) {
  Start(first_, "one");
  Patch(kLease, "application/merge-patch+json", R"({"spec":{"holderIdentity":"thief"}})");
  Pass(seconds(3));
  EXPECT_FALSE(first_.elector->leads());
  EXPECT_EQ(first_.stopped, 1);
  EXPECT_EQ(Get(kLease).at("spec.holderIdentity"), "thief");
  // Who never renews it loses it.
  Pass(seconds(15));
  EXPECT_TRUE(first_.elector->leads());
  EXPECT_EQ(first_.started, 2);
}

TEST_F(ElectorTest, WhoIsAloneAtTheStoreWaitsForNobody) {
  Start(first_, "one");
  first_.cut = true;  // it cannot give it back
  first_.elector->Stop();
  Start(second_, "two", /*alone=*/true);
  EXPECT_TRUE(second_.elector->leads());
}

}  // namespace
}  // namespace kvplane::controller
