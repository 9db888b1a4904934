#include "store/doubt.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "log/chain.h"

namespace kvshim::store {
namespace {

bool Agrees(Replica::Weight weight) {
  return weight == Replica::Weight::kHeld || weight == Replica::Weight::kOutdated;
}

}  // namespace

bool Doubt::IsReplaced(const Claim& claim) const {
  return database_ != nullptr && claim.lineage.IsReplacedBy(database_->lineage());
}

bool Doubt::IsLost(const Claim& claim) {
  if (!IsReplaced(claim)) return false;
  if (loss_told_.Allow()) {
    base::Log(base::Level::kError,
              "another server has a history of its own, on a database that was replaced; what it "
              "acknowledged since is lost",
              {{"timeline", database_->lineage().timeline},
               {"other_timeline", claim.lineage.timeline},
               {"other_epoch", claim.epoch},
               {"other_seq", claim.seq},
               {"other_nonce", log::ToHex(claim.nonce)},
               {"other_revision", claim.revision}});
  }
  return true;
}

bool Doubt::Hear(const std::string& address, const Claim& claim) {
  const Replica::Weight weight = replica_.Weigh(claim);
  const bool differs = weight == Replica::Weight::kAnother;
  const bool counts = !Agrees(weight) && !(differs && IsLost(claim));
  base::MutexLock lock(mutex_);
  if (counts) {
    Heard& heard = heard_[address];
    heard.claim = claim;
    heard.at = base::Clock::Real().Now();
    heard.contradicts = heard.contradicts || differs;
  } else {
    heard_.erase(address);
  }
  Raise();
  return counts;
}

bool Doubt::Contradicts(const Claim& claim) const {
  return replica_.Weigh(claim) == Replica::Weight::kAnother && !IsReplaced(claim);
}

void Doubt::Raise() {
  any_.store(!heard_.empty(), std::memory_order_release);
  raised_.store(std::ranges::any_of(heard_, [](const auto& one) { return one.second.contradicts; }),
                std::memory_order_release);
}

Doubt::Claims Doubt::Taken() const {
  Claims claims;
  if (!any_.load(std::memory_order_acquire)) return claims;
  base::MutexLock lock(mutex_);
  for (const auto& [address, heard] : heard_) claims.emplace(address, heard.claim);
  return claims;
}

absl::StatusOr<std::optional<Doubt::Contradiction>> Doubt::Judge(const Claims& claims,
                                                                 log::Log& log) {
  std::optional<Contradiction> worst;
  for (const auto& [address, claim] : claims) {
    Replica::Weight weight = replica_.Weigh(claim);
    if (weight == Replica::Weight::kForgotten) {
      ASSIGN_OR_RETURN(const std::optional<bool> holds, log.Holds(claim.seq, claim.nonce));
      weight = holds.value_or(true) ? Replica::Weight::kHeld : Replica::Weight::kAnother;
    }
    const bool agrees = Agrees(weight) || IsLost(claim);
    base::MutexLock lock(mutex_);
    const auto found = heard_.find(address);
    if (found == heard_.end()) continue;  // it has come round meanwhile
    Heard& heard = found->second;
    if (!agrees) {
      heard.contradicts = true;
      const auto rank = [](const Claim& one) { return std::tuple(one.epoch, one.stands, one.seq); };
      if (!worst.has_value() || rank(worst->claim) < rank(claim)) {
        worst = {.address = address, .claim = claim, .heard = heard.at};
      }
    } else if (heard.claim == claim) {
      heard_.erase(found);
    }
  }
  base::MutexLock lock(mutex_);
  Raise();
  return worst;
}

void Doubt::Clear() {
  base::MutexLock lock(mutex_);
  heard_.clear();
  Raise();
}

}  // namespace kvshim::store
