#include "controller/controllers.h"

#include <atomic>

#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

// Counts config maps' keys that it is told of, and says where it ends.
class CountingController : public Controller {
 public:
  CountingController(Environment& environment, std::atomic<int>& syncs, std::atomic<int>& alive)
      : Controller(environment, {.name = "counting-controller"}), syncs_(syncs), alive_(alive) {
    ++alive_;
    environment.informers.Of("v1", "configmaps").AddHandler([this](const Change& change) {
      queue().Add(change.key());
    });
  }
  ~CountingController() override { --alive_; }

  absl::Status Sync(const std::string& /*key*/) override {
    ++syncs_;
    return absl::OkStatus();
  }

 private:
  std::atomic<int>& syncs_;
  std::atomic<int>& alive_;
};

class ControllersTest : public ControllerTest {
 protected:
  void RunCounting() {
    Run([this](Environment& environment) {
      ControllerList list;
      list.push_back(std::make_unique<CountingController>(environment, syncs_, alive_));
      return list;
    });
  }
  std::atomic<int> syncs_ = 0;
  std::atomic<int> alive_ = 0;
};

constexpr char kLease[] =
    "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager";

TEST_F(ControllersTest, LookAtWhatThereIsAndAtWhatComes) {
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("a"));
  RunCounting();
  EXPECT_TRUE(Await([&] { return syncs_ == 1; }));
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("b"));
  EXPECT_TRUE(Await([&] { return syncs_ == 2; }));
}

TEST_F(ControllersTest, EndWithTheLeaseAndBeginAnewWithIt) {
  RunCounting();
  EXPECT_TRUE(Await([&] { return alive_ == 1; }));
  Patch(kLease, "application/merge-patch+json", R"({"spec":{"holderIdentity":"thief"}})");
  EXPECT_TRUE(Await([&] {
    Pass(std::chrono::seconds(1));
    return alive_ == 0;
  }));
  const int before = syncs_;
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("a"));
  controllers_->RunDue();
  EXPECT_EQ(syncs_, before);
  EXPECT_TRUE(Await([&] {
    Pass(std::chrono::seconds(1));
    return syncs_ > before;
  }));
  EXPECT_EQ(alive_, 1);
}

TEST_F(ControllersTest, GiveTheLeaseBackWhereTheyStop) {
  RunCounting();
  controllers_->Stop();
  EXPECT_EQ(alive_, 0);
  EXPECT_EQ(Get(kLease).at("spec.holderIdentity"), "");
}

TEST_F(ControllersTest, AllThatAClusterHasBeginAndEnd) {
  Run(MakeControllers);
  EXPECT_TRUE(Await(
      [&] { return Get("/api/v1/namespaces/default/serviceaccounts/default").status == 200; }));
}

}  // namespace
}  // namespace kvplane::controller
