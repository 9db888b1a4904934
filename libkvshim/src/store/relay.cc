#include "store/relay.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kvshim::store {
namespace {

// A frame of writes is no longer than what one batch takes.
constexpr size_t kFrameBytes = 4 << 20;

// So many revisions do not show that others write as well.
constexpr int64_t kFew = 32;

base::TimePoint Now() { return base::Clock::Real().Now(); }

}  // namespace

Relay::Relay(std::function<void()> wake, base::MetricsRegistry& metrics)
    : wake_(std::move(wake)),
      relayed_(metrics.AddCounter("kvshim_relayed_writes_total",
                                  "Writes that the owner was asked to commit.")) {}

// The link's thread -------------------------------------------------------------------------------

void Relay::Linked(Link link) {
  proposed_.reset();
  told_.reset();
  base::MutexLock lock(mutex_);
  link_ = std::move(link);
  ++link_number_;
  takes_more_ = true;
  heard_at_ = Now();
}

bool Relay::Hear(std::string_view frame) {
  {
    base::MutexLock lock(mutex_);
    const base::TimePoint now = Now();
    if (now - heard_at_ > kSilence) return false;
    heard_at_ = now;
  }
  if (frame.empty()) return true;
  PeerReader in(frame);
  FrameKind kind{};
  in(kind);
  if (!in.ok()) return false;
  Arrival arrival;
  switch (kind) {
    case FrameKind::kBatch:
      proposed_ = ReadBatch(in);
      if (!proposed_.has_value()) return false;
      if (told_.has_value() &&
          succession_.Follows(*told_, proposed_->batch, proposed_->by.writer)) {
        proposed_->follows = told_;
      }
      return true;
    case FrameKind::kCommit: {
      const std::optional<PeerCommit> commit = ReadCommit(in);
      if (!commit.has_value()) return false;
      if (proposed_.has_value() && proposed_->batch.head.nonce == commit->nonce) {
        told_ = proposed_->batch.head;
        arrival.word.batch = std::exchange(proposed_, std::nullopt);
      } else {
        arrival.word.news = commit->seq;
      }
      break;
    }
    case FrameKind::kAnswers: {
      AnswersHead& head = arrival.word.answered.emplace();
      in(head);
      if (!in.ok()) return false;
      arrival.answers = in.rest();
      break;
    }
    case FrameKind::kBye:
      break;
    default:
      return false;
  }
  {
    base::MutexLock lock(mutex_);
    if (kind == FrameKind::kBye) takes_more_ = false;
    arrivals_.push_back(std::move(arrival));
  }
  wake_();
  return true;
}

void Relay::Lost() {
  proposed_.reset();
  Drop();
}

void Relay::Drop() {
  {
    base::MutexLock lock(mutex_);
    if (!link_.has_value()) return;
    link_.reset();
    takes_more_ = false;
    arrivals_.emplace_back().word.lost = link_number_;
  }
  wake_();
}

// The committer's ---------------------------------------------------------------------------------

void Relay::Met(base::TimePoint now) {
  if (until_ == base::TimePoint()) revisions_ = answers_ = 0;
  until_ = now + kLasts;
}

bool Relay::Takes(base::TimePoint now) {
  if (until_ == base::TimePoint()) return false;
  if (now >= until_) {
    // Some of either are on their way.
    const bool alone = revisions_ <= answers_ + answers_ / 8 + kFew;
    until_ = alone ? base::TimePoint() : now + kLasts;
    revisions_ = answers_ = 0;
    if (alone) return false;
  }
  base::MutexLock lock(mutex_);
  return takes_more_;
}

void Relay::Send(std::deque<std::unique_ptr<Proposal>>& pending) {
  std::deque<std::unique_ptr<Proposal>> rest;
  while (!pending.empty()) {
    Proposals proposals;
    PeerWriter writes;
    while (!pending.empty() && writes.bytes().size() < kFrameBytes) {
      std::unique_ptr<Proposal> proposal = std::move(pending.front());
      pending.pop_front();
      if (proposal->can_be_relayed()) {
        proposal->Relay(writes);
        proposals.push_back(std::move(proposal));
      } else {
        rest.push_back(std::move(proposal));
      }
    }
    if (proposals.empty()) break;
    WritesHead head{.id = next_id_++, .count = static_cast<uint32_t>(proposals.size())};
    PeerWriter frame;
    frame(FrameKind::kWrites, head);
    frame.bytes() += writes.bytes();
    base::MutexLock lock(mutex_);
    if (!link_.has_value()) {
      // Never sent: they are this server's again.
      std::ranges::move(proposals, std::back_inserter(rest));
      continue;
    }
    relayed_.Increment(static_cast<double>(proposals.size()));
    sent_.emplace(head.id, Sent{link_number_, std::move(proposals)});
    link_->send(std::move(frame.bytes()));
  }
  pending = std::move(rest);
}

std::vector<Relay::Word> Relay::TakeWords() {
  std::vector<Arrival> arrivals;
  {
    base::MutexLock lock(mutex_);
    arrivals.swap(arrivals_);
  }
  std::vector<Word> words;
  words.reserve(arrivals.size());
  for (Arrival& arrival : arrivals) {
    Word& word = words.emplace_back(std::move(arrival.word));
    if (word.lost != 0) {
      word.proposals = Take([&](const Sent& sent) { return sent.link == word.lost; });
    }
    if (word.batch.has_value()) {
      const int64_t revision = word.batch->batch.head.revision;
      if (revision_ != 0) revisions_ += std::max<int64_t>(revision - revision_, 0);
      revision_ = revision;
    }
    if (!word.answered.has_value()) continue;
    const auto sent = sent_.find(word.answered->id);
    if (sent == sent_.end()) continue;  // their time was over
    word.proposals = std::move(sent->second.proposals);
    answers_ += static_cast<int64_t>(word.proposals.size());
    sent_.erase(sent);
    PeerReader answers(arrival.answers);
    for (const auto& proposal : word.proposals) proposal->HearRelayed(answers);
  }
  // The owner waits for that.
  base::MutexLock lock(mutex_);
  if (link_.has_value() && !takes_more_ && sent_.empty()) link_->close();
  return words;
}

Relay::Proposals Relay::TakeLate(base::TimePoint too_old) {
  // Those of one frame were queued about the same time.
  return Take([&](const Sent& sent) { return sent.proposals.front()->queued_at < too_old; });
}

Relay::Proposals Relay::TakeAll() {
  return Take([](const Sent&) { return true; });
}

Relay::Proposals Relay::Take(const std::function<bool(const Sent&)>& wanted) {
  Proposals taken;
  for (auto sent = sent_.begin(); sent != sent_.end();) {
    const auto at = sent++;
    if (!wanted(at->second)) continue;
    std::ranges::move(at->second.proposals, std::back_inserter(taken));
    sent_.erase(at);
  }
  return taken;
}

std::optional<base::TimePoint> Relay::deadline() const {
  if (sent_.empty()) return std::nullopt;
  base::MutexLock lock(mutex_);
  if (!link_.has_value()) return std::nullopt;
  return heard_at_ + kSilence;
}

void Relay::CheckAlive(base::TimePoint now) {
  const std::optional<base::TimePoint> dead = deadline();
  if (!dead.has_value() || now < *dead) return;
  {
    base::MutexLock lock(mutex_);
    if (link_.has_value()) link_->close();
  }
  Drop();
}

}  // namespace kvshim::store
