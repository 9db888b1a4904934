#include "controller/recorder.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/logger.h"
#include "base/strings.h"
#include "controller/informers.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::MutexLock;

// What Kubernetes' recorders allow themselves.
constexpr size_t kMostWaiting = 1000;
constexpr size_t kMostRemembered = 4096;
constexpr size_t kMostMessages = 10;
constexpr std::chrono::minutes kSimilarFor{10};
constexpr double kBurst = 25;
constexpr double kSecondsPerToken = 300;

const kinds::Kind& Events() { return BuiltIn("v1", "events"); }

json::Object Reference(const json::Object& object) {
  json::Object reference;
  for (const std::string_view name : {"kind", "apiVersion"}) {
    if (const json::Value* value = json::Find(object, name)) {
      reference[json::ToBoost(name)] = *value;
    }
  }
  for (const std::string_view name : {"namespace", "name", "uid", "resourceVersion"}) {
    if (const json::Value* value = kinds::Find(object, {"metadata", name})) {
      reference[json::ToBoost(name)] = *value;
    }
  }
  return reference;
}

// Forgets all where it has become too much: what is forgotten is only told once more.
template <typename Map>
void Bound(Map& map) {
  if (map.size() > kMostRemembered) map.clear();
}

}  // namespace

Recorder::Recorder(Client client, std::string component, kvshim::base::Executor& executor,
                   kvshim::base::Clock& clock)
    : client_(std::move(client)),
      component_(std::move(component)),
      executor_(executor),
      clock_(clock),
      wall_(clock) {}

void Recorder::Record(const json::Object& object, EventType type, std::string_view reason,
                      std::string_view message) {
  const std::string_view name = Text(object, {"metadata", "name"});
  const std::string_view name_space = Text(object, {"metadata", "namespace"});
  const std::string_view kind_of_event = type == EventType::kNormal ? "Normal" : "Warning";
  int64_t nanos =
      std::chrono::duration_cast<std::chrono::nanoseconds>(wall_.Time().time_since_epoch()).count();
  {
    // Two of one moment are two all the same: their names must differ.
    MutexLock lock(mutex_);
    nanos = std::max(nanos, last_nanos_ + 1);
    last_nanos_ = nanos;
  }
  char suffix[17];
  snprintf(suffix, sizeof(suffix), "%llx", static_cast<unsigned long long>(nanos));
  const std::string now = wall_.Text();
  Wanted wanted;
  wanted.event = {
      {"metadata",
       json::Object{{"name", json::ToBoost(Concat(name, ".", std::string_view(suffix)))},
                    {"namespace", json::ToBoost(name_space.empty() ? "default" : name_space)}}},
      {"involvedObject", Reference(object)},
      {"reason", json::ToBoost(reason)},
      {"message", json::ToBoost(message.substr(0, 1024))},
      {"source", json::Object{{"component", component_}}},
      {"firstTimestamp", now},
      {"lastTimestamp", now},
      {"count", 1},
      {"type", json::ToBoost(kind_of_event)},
      {"reportingComponent", component_},
      {"reportingInstance", ""}};
  wanted.about = Concat(Text(object, {"kind"}), "/", name_space, "/", name, "/",
                        Text(object, {"metadata", "uid"}));
  wanted.group = Concat(wanted.about, "|", kind_of_event, "|", reason);
  MutexLock lock(mutex_);
  if (stopping_ || wanted_.size() >= kMostWaiting) return;
  wanted_.push_back(std::move(wanted));
  if (!running_) running_ = executor_.Submit([this] { Run(); });
}

void Recorder::Stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  wanted_.clear();
  while (running_) ended_.Wait(mutex_);
}

// One at a time, so that the threads are everybody's.
void Recorder::Run() {
  Wanted wanted;
  {
    MutexLock lock(mutex_);
    if (!wanted_.empty()) {
      wanted = std::move(wanted_.front());
      wanted_.pop_front();
    }
  }
  if (!wanted.event.empty()) Write(std::move(wanted));
  MutexLock lock(mutex_);
  if (!wanted_.empty() && executor_.Submit([this] { Run(); })) return;
  running_ = false;
  ended_.NotifyAll();
}

bool Recorder::TakeToken(const std::string& about) {
  const auto now = clock_.Now();
  const auto [found, is_new] = tokens_.try_emplace(about, Tokens{kBurst, now});
  Tokens& tokens = found->second;
  const double passed = std::chrono::duration<double>(now - tokens.at).count();
  tokens.left = std::min(kBurst, tokens.left + passed / kSecondsPerToken);
  tokens.at = now;
  if (tokens.left < 1) return false;
  tokens.left -= 1;
  return true;
}

void Recorder::Combine(Wanted& wanted) {
  const auto now = clock_.Now();
  Similar& similar = similar_[wanted.group];
  if (now - similar.last > kSimilarFor) similar.messages.clear();
  similar.last = now;
  const std::string message(Text(wanted.event, {"message"}));
  ++similar.messages[message];
  if (similar.messages.size() < kMostMessages) {
    wanted.group += Concat("|", message);
    return;
  }
  similar.messages.erase(message);  // so that there are never more
  wanted.event["message"] = Concat("(combined from similar events): ", message);
}

void Recorder::Write(Wanted wanted) {
  Bound(written_);
  Bound(similar_);
  Bound(tokens_);
  Combine(wanted);
  if (!TakeToken(wanted.about)) return;
  const std::string name_space(Text(wanted.event, {"metadata", "namespace"}));
  Written& known = written_[wanted.group];
  absl::Status status = absl::NotFoundError("");
  if (known.count > 0) {
    json::Object counted = wanted.event;
    counted["metadata"].get_object()["name"] = known.name;
    counted["firstTimestamp"] = known.first;
    counted["count"] = known.count + 1;
    status = client_.Update(Events(), std::move(counted)).status();
  }
  if (status.ok()) {
    ++known.count;
    return;
  }
  status = client_.Create(Events(), wanted.event).status();
  if (status.ok()) {
    known = {std::string(Text(wanted.event, {"metadata", "name"})), 1,
             wanted.event.at("firstTimestamp")};
    return;
  }
  written_.erase(wanted.group);
  kvshim::base::Log(kvshim::base::Level::kDebug, "cannot record an event",
                    {{"component", component_}, {"error", status}});
}

}  // namespace kvplane::controller
