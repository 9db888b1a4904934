// Workloads whose pods a test drives on by hand, as a node would.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "controller/pod_state.h"
#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {

inline constexpr char kMerge[] = "application/merge-patch+json";

class WorkloadTest : public ControllerTest {
 protected:
  template <typename... Types>
  void RunAll() {
    Run([](Environment& environment) {
      ControllerList list;
      (list.push_back(std::make_unique<Types>(environment)), ...);
      return list;
    });
  }

  std::vector<json::Object> Items(const std::string& url) {
    std::vector<json::Object> items;
    const json::Object list = Get(url).object();
    kinds::ForEach(list, {"items"}, [&](const json::Object& item) { items.push_back(item); });
    return items;
  }
  std::vector<json::Object> Pods() { return Items(apiserver::kPods); }
  std::vector<std::string> Names(const std::string& url) {
    std::vector<std::string> names;
    for (const json::Object& item : Items(url)) names.push_back(NameOf(item));
    return names;
  }
  static std::string NameOf(const json::Object& object) {
    return std::string(kinds::Text(object, {"metadata", "name"}));
  }
  static std::string PodUrl(const std::string& name) {
    return std::string(apiserver::kPods) + "/" + name;
  }

  bool AwaitPods(size_t count) {
    const bool came = Await([&] { return Pods().size() == count; });
    EXPECT_EQ(Pods().size(), count);
    return came;
  }
  // Gives what would go wrong the time to do so.
  void Settle() {
    for (int i = 0; i < 20; ++i) {
      Await([n = 0]() mutable { return ++n > 3; });
    }
  }

  void Become(const std::string& pod, const std::string& phase, bool ready = false,
              const std::string& more = "") {
    const Answer answer =
        Patch(PodUrl(pod) + "/status", kMerge,
              R"({"status":{"phase":")" + phase + R"(","conditions":[{"type":"Ready","status":")" +
                  (ready ? "True" : "False") + R"(","lastTransitionTime":")" +
                  WallClock(clock_).Text() + R"("}])" + more + "}}");
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  void MakeReady() {
    for (const json::Object& pod : Pods()) {
      if (!IsReady(pod)) Become(NameOf(pod), "Running", true);
    }
  }
  // Makes pods ready as they come, until the condition holds.
  bool AwaitWithReadyPods(const std::function<bool()>& condition) {
    return Await([&] {
      MakeReady();
      return condition();
    });
  }
  // Of an object's status: "True NewReplicaSetAvailable".
  std::string Condition(const std::string& url, const std::string& type) {
    const json::Object object = Get(url).object();
    const json::Object* found = nullptr;
    kinds::ForEach(object, {"status", "conditions"}, [&](const json::Object& condition) {
      if (kinds::Text(condition, {"type"}) == type) found = &condition;
    });
    if (found == nullptr) return "(none)";
    return std::string(kinds::Text(*found, {"status"})) + " " +
           std::string(kinds::Text(*found, {"reason"}));
  }
  bool AwaitCondition(const std::string& url, const std::string& type, const std::string& wanted) {
    const bool came = Await([&] { return Condition(url, type) == wanted; });
    EXPECT_EQ(Condition(url, type), wanted) << Get(url).body;
    return came;
  }
  bool AwaitEvent(const std::string& reason, const std::string& message) {
    return Await([&] {
      for (const json::Object& event : Items("/api/v1/namespaces/default/events")) {
        if (kinds::Text(event, {"reason"}) == reason &&
            kinds::Text(event, {"message"}).find(message) != std::string_view::npos) {
          return true;
        }
      }
      return false;
    });
  }
};

}  // namespace kvplane::controller
