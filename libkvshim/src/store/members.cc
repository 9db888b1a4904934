#include "store/members.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "mvcc/errors.h"

namespace kvshim::store {
namespace {

constexpr std::chrono::seconds kBeatEvery{1};
constexpr std::chrono::seconds kGoneAfter{5};     // without a beat
constexpr std::chrono::seconds kForgetAfter{30};  // the same: its row is deleted
constexpr std::chrono::seconds kOwnerTrusts{3};   // in its last beat

base::TimePoint Now() { return base::Clock::Real().Now(); }

}  // namespace

Members::Members(sql::SharedDatabase& database, const Replica& replica, lease::Lessor& lessor,
                 Self self, std::function<void()> on_owner)
    : database_(database),
      replica_(replica),
      lessor_(lessor),
      self_(std::move(self)),
      on_owner_(std::move(on_owner)) {}

absl::Status Members::Start() {
  RETURN_IF_ERROR(Tick());
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "kv-members");
  return absl::OkStatus();
}

void Members::SetUrls(const std::string& urls) {
  base::MutexLock lock(mutex_);
  urls_ = urls;
  hurry_ = true;
  changed_.NotifyOne();
}

void Members::Stop() {
  {
    base::MutexLock lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    changed_.NotifyOne();
  }
  if (!thread_.joinable()) return;
  thread_.join();
  sql::OwnerRecord owner;
  int64_t beat;
  {
    base::MutexLock lock(mutex_);
    owner = owner_;
    beat = beat_;
  }
  // Where this fails the others find out by themselves.
  if (owner.server == self_.id) {
    database_.ReplaceOwner(owner, {.server = 0, .term = owner.term, .beat = owner.beat + 1})
        .IgnoreError();
  }
  database_.RemoveServer(self_.id, beat).IgnoreError();
}

void Members::Run() {
  base::TimePoint next = Now() + kBeatEvery;
  while (true) {
    {
      base::MutexLock lock(mutex_);
      while (!stopping_ && !hurry_ && changed_.WaitUntil(mutex_, next)) {
      }
      if (stopping_) return;
      hurry_ = false;
    }
    next = Now() + kBeatEvery;
    if (const absl::Status ticked = Tick(); !ticked.ok()) {
      static base::LogLimiter limiter(std::chrono::seconds(10));
      if (limiter.Allow()) {
        base::Log(base::Level::kWarning, "cannot tell the other servers that this one lives",
                  {{"error", ticked}});
      }
    }
  }
}

absl::Status Members::Tick() {
  sql::ServerRecord self{.id = self_.id, .name = self_.name, .applied_seq = replica_.sequence()};
  {
    base::MutexLock lock(mutex_);
    self.urls = urls_;
    self.beat = ++beat_;
  }
  ASSIGN_OR_RETURN(const sql::Membership members, database_.Beat(self));
  const base::TimePoint now = Now();
  bool was_away;
  {
    base::MutexLock lock(mutex_);
    was_away = ticked_ != base::TimePoint() && now - ticked_ > kGoneAfter;
    Note(members, now);
  }
  RETURN_IF_ERROR(Own(now));
  RETURN_IF_ERROR(ReadRenewals());
  if (was_away) lessor_.ExtendAll();
  {
    base::MutexLock lock(mutex_);
    ticked_ = now;
  }
  // Only now IsOwner says so.
  if (std::exchange(took_over_, false)) on_owner_();
  return absl::OkStatus();
}

void Members::Note(const sql::Membership& members, base::TimePoint now) {
  absl::flat_hash_map<int64_t, Pulse> pulses;
  for (const sql::ServerRecord& server : members.servers) {
    const auto known = pulses_.find(server.id);
    Pulse pulse{.first_beat = server.beat, .beat = server.beat, .moved = now};
    if (known != pulses_.end()) {
      pulse.first_beat = known->second.first_beat;
      if (known->second.beat == server.beat) pulse.moved = known->second.moved;
    }
    pulses[server.id] = pulse;
  }
  pulses_ = std::move(pulses);
  servers_ = members.servers;
  owner_ = members.owner;
  owner_id_.store(owner_.server);
  others_.store(
      static_cast<size_t>(std::ranges::count_if(servers_, [&](const sql::ServerRecord& server) {
        return server.id != self_.id && Lives(server, now);
      })));
}

base::Duration Members::silence() const {
  base::MutexLock lock(mutex_);
  return Now() - ticked_;
}

bool Members::Lives(const sql::ServerRecord& server, base::TimePoint now) const {
  if (server.id == self_.id) return true;
  const Pulse& pulse = pulses_.at(server.id);
  const bool same_place = !urls_.empty() && server.urls == urls_ && server.name == self_.name;
  if (same_place && pulse.beat == pulse.first_beat) return false;
  return now - pulse.moved < kGoneAfter;
}

absl::Status Members::Own(base::TimePoint now) {
  sql::OwnerRecord seen;
  std::vector<std::pair<int64_t, int64_t>> forgotten;
  {
    base::MutexLock lock(mutex_);
    seen = owner_;
    for (const sql::ServerRecord& server : servers_) {
      const bool lives = Lives(server, now);
      if (lives && server.id == seen.server && server.id != self_.id) {
        owning_ = false;
        return absl::OkStatus();
      }
      if (!lives && now - pulses_.at(server.id).moved > kForgetAfter) {
        forgotten.emplace_back(server.id, server.beat);
      }
    }
  }
  const bool mine = seen.server == self_.id;
  const sql::OwnerRecord next{
      .server = self_.id, .term = mine ? seen.term : seen.term + 1, .beat = seen.beat + 1};
  ASSIGN_OR_RETURN(const bool replaced, database_.ReplaceOwner(seen, next));
  if (!replaced) return absl::OkStatus();  // somebody else's; the next tick reads whose
  {
    base::MutexLock lock(mutex_);
    owner_ = next;
    owner_id_.store(self_.id);
  }
  if (!std::exchange(owning_, true)) {
    base::Log(base::Level::kInfo, "this server now ends leases and reclaims space",
              {{"before", seen.server}, {"term", next.term}});
    took_over_ = true;
  }
  for (const auto& [id, beat] : forgotten) RETURN_IF_ERROR(database_.RemoveServer(id, beat));
  return absl::OkStatus();
}

absl::Status Members::ReadRenewals() {
  if (lessor_.size() == 0) return absl::OkStatus();
  return database_.ReadLeases([&](const sql::LeaseRecord& lease) {
    lessor_.ApplyRenewal({.id = LeaseId{lease.id}, .renew = lease.renew});
  });
}

std::vector<sql::ServerRecord> Members::live() const {
  const base::TimePoint now = Now();
  std::vector<sql::ServerRecord> live;
  base::MutexLock lock(mutex_);
  for (const sql::ServerRecord& server : servers_) {
    if (Lives(server, now)) live.push_back(server);
  }
  return live;
}

bool Members::HasBeaten(int64_t id) const {
  base::MutexLock lock(mutex_);
  const auto pulse = pulses_.find(id);
  return pulse != pulses_.end() && pulse->second.beat != pulse->second.first_beat;
}

bool Members::IsOwner() const {
  if (owner_id_.load() != self_.id) return false;
  base::MutexLock lock(mutex_);
  return Now() - ticked_ < kOwnerTrusts;
}

int64_t Members::applied_everywhere() const {
  int64_t lowest = replica_.sequence();
  for (const sql::ServerRecord& server : live()) {
    if (server.id != self_.id) lowest = std::min(lowest, server.applied_seq);
  }
  return lowest;
}

absl::Status Members::MoveOwner(int64_t to) {
  sql::OwnerRecord seen;
  {
    base::MutexLock lock(mutex_);
    seen = owner_;
  }
  if (seen.server != self_.id) return mvcc::NotLeader();
  const std::vector<sql::ServerRecord> servers = live();
  if (std::ranges::none_of(servers, [&](const auto& server) { return server.id == to; })) {
    return mvcc::BadLeaderTransferee();
  }
  if (to == self_.id) return absl::OkStatus();
  const sql::OwnerRecord next{.server = to, .term = seen.term + 1, .beat = seen.beat + 1};
  ASSIGN_OR_RETURN(const bool replaced, database_.ReplaceOwner(seen, next));
  if (!replaced) return mvcc::NotLeader();
  base::MutexLock lock(mutex_);
  owner_ = next;
  owner_id_.store(to);
  return absl::OkStatus();
}

}  // namespace kvshim::store
