#include "controller/elector.h"

#include <algorithm>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Duration;
using kvshim::base::Level;
using kvshim::base::Log;
using kvshim::base::MutexLock;
using kvshim::base::TimePoint;

constexpr std::string_view kNamespace = "kube-system";

}  // namespace

Elector::Elector(ElectorOptions options, ElectorParts parts, ElectorEvents events)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      events_(std::move(events)),
      leases_(BuiltIn("coordination.k8s.io/v1", "leases")),
      wall_(parts_.clock),
      informers_(parts_.registry, parts_.informing),
      executor_({.name = "kp-elector", .threads = 2, .clock = &parts_.clock}) {
  informers_.Of(leases_).AddHandler([this](const Change& change) { Hear(change); });
}

void Elector::Start() { ScheduleTurn({}); }

void Elector::Stop() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    executor_.Cancel(timer_);
  }
  executor_.Stop();
  informers_.Stop();
  if (!leads_) return;
  Lose("it stops");
  MutexLock turn(turn_);
  if (Holder() != options_.identity) return;
  const absl::Status released = Write(Observed(), "");
  if (!released.ok()) {
    Log(Level::kWarning, "cannot give the lease back", {{"error", released}});
  }
}

void Elector::Turn() {
  MutexLock turn(turn_);
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
  }
  if (const absl::Status status = informers_.Start(); !status.ok()) {
    Log(Level::kWarning, "cannot follow the leases", {{"error", status}});
    return ScheduleTurn(options_.retry);
  }
  ScheduleTurn(leads_ ? Renew() : Try());
}

Duration Elector::Renew() {
  if (Holder() != options_.identity) {
    Lose("another holds the lease");
    return {};
  }
  const absl::Status status = Write(Observed(), options_.identity);
  if (status.ok()) return options_.retry;
  Log(Level::kWarning, "cannot renew the lease", {{"lease", options_.name}, {"error", status}});
  const auto lease = parts_.client.Get(leases_, kNamespace, options_.name);
  if (lease.ok()) {
    Observe(*lease);
  } else if (registry::HasReason(lease.status(), "NotFound")) {
    Lose("the lease is gone");
  }
  // Where another wrote something else into it, it is written again at once.
  return registry::HasReason(status, "Conflict") ? Duration() : Duration(options_.retry);
}

Duration Elector::Try() {
  const auto lease = parts_.client.Get(leases_, kNamespace, options_.name);
  if (lease.ok()) {
    Observe(*lease);
  } else if (registry::HasReason(lease.status(), "NotFound")) {
    Forget();
  } else {
    return options_.retry;
  }
  {
    MutexLock lock(mutex_);
    if (FreeAt() > parts_.clock.Now()) return {};
  }
  const absl::Status status = Write(Observed(), options_.identity);
  if (status.ok()) Lead();
  return options_.retry;
}

absl::Status Elector::Write(json::Object lease, std::string_view holder) {
  const TimePoint now = parts_.clock.Now();
  const bool is_new = lease.empty();
  if (is_new) {
    lease["metadata"] = json::Object{{"name", json::ToBoost(options_.name)},
                                     {"namespace", json::ToBoost(kNamespace)}};
  }
  json::Object& spec = kinds::Child(lease, "spec");
  const bool changes_hands = Text(spec, {"holderIdentity"}) != holder;
  kinds::Set(spec, "holderIdentity", json::Value(json::ToBoost(holder)));
  kinds::Set(spec, "leaseDurationSeconds", holder.empty() ? 1 : options_.lease.count());
  kinds::Set(spec, "renewTime", json::Value(wall_.MicroText().c_str()));
  if (changes_hands && !holder.empty()) {
    kinds::Set(spec, "acquireTime", json::Value(wall_.MicroText().c_str()));
    kinds::Set(spec, "leaseTransitions",
               is_new ? 0 : kinds::Integer(spec, {"leaseTransitions"}) + 1);
  }
  ASSIGN_OR_RETURN(const json::Object written,
                   is_new ? parts_.client.Create(leases_, std::move(lease))
                          : parts_.client.Update(leases_, std::move(lease)));
  Observe(written);
  MutexLock lock(mutex_);
  renewed_at_ = now;
  return absl::OkStatus();
}

void Elector::Lead() {
  MutexLock lock(change_);
  leads_ = true;
  Log(Level::kInfo, "leads", {{"lease", options_.name}, {"identity", options_.identity}});
  events_.started();
  executor_.Schedule(parts_.clock.Now() + options_.renew_deadline, [this] { CheckDeadline(); });
}

void Elector::Lose(std::string_view why) {
  MutexLock lock(change_);
  if (!leads_) return;
  Log(Level::kInfo, "leads no longer", {{"lease", options_.name}, {"why", why}});
  events_.stopped();
  leads_ = false;
}

void Elector::CheckDeadline() {
  if (!leads_) return;
  TimePoint deadline;
  {
    MutexLock lock(mutex_);
    deadline = renewed_at_ + options_.renew_deadline;
  }
  if (deadline <= parts_.clock.Now()) return Lose("the lease could not be renewed");
  executor_.Schedule(deadline, [this] { CheckDeadline(); });
}

void Elector::Hear(const Change& change) {
  const json::Object& lease = change.document();
  if (Text(lease, {"metadata", "name"}) != options_.name ||
      Text(lease, {"metadata", "namespace"}) != kNamespace) {
    return;
  }
  if (change.deleted()) {
    Forget();
  } else {
    Observe(lease);
  }
  if (!leads_) ScheduleTurn({});
}

// What was seen later stays: an informer tells what it heard of a moment ago.
void Elector::Observe(const json::Object& lease) {
  MutexLock lock(mutex_);
  if (!observed_.empty() && RevisionOf(lease) <= RevisionOf(observed_)) return;
  observed_ = lease;
  observed_at_ = parts_.clock.Now();
}

json::Object Elector::Observed() {
  MutexLock lock(mutex_);
  return observed_;
}

std::string Elector::Holder() {
  MutexLock lock(mutex_);
  return std::string(Text(observed_, {"spec", "holderIdentity"}));
}

void Elector::Forget() {
  MutexLock lock(mutex_);
  observed_ = {};
}

TimePoint Elector::FreeAt() const {
  const std::string_view holder = Text(observed_, {"spec", "holderIdentity"});
  if (holder.empty() || holder == options_.identity || options_.alone) return TimePoint::min();
  return observed_at_ + std::chrono::seconds(kinds::Integer(
                            observed_, {"spec", "leaseDurationSeconds"}, options_.lease.count()));
}

void Elector::ScheduleTurn(Duration pause) {
  TimePoint at = parts_.clock.Now() + pause;
  MutexLock lock(mutex_);
  if (stopping_) return;
  if (!leads_) at = std::max(at, FreeAt());
  executor_.Cancel(timer_);
  timer_ = executor_.Schedule(at, [this] { Turn(); });
}

}  // namespace kvplane::controller
