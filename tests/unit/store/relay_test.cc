#include "store/relay.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "log/chain.h"
#include "log/format.h"
#include "mvcc/errors.h"
#include "store/write_proposal.h"

namespace kvshim::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The hash of an empty batch.
log::Hash HashOf(const log::Head& tip, const log::Head& head) {
  log::ChainHasher hasher;
  sql::BatchRecord record = log::RecordOf(tip, head, 0);
  record.min_reader = record.min_writer = log::kFormat;
  hasher.Begin(tip.hash, record);
  return hasher.Finish();
}

// A relay whose link goes nowhere, and what was sent over it.
class RelayTest : public ::testing::Test {
 protected:
  void Link() {
    relay_.Linked({.send = [this](std::string frame) { sent_.push_back(std::move(frame)); },
                   .close = [this] { ++closed_; }});
  }

  void Queue(const std::string& key) {
    pending_.push_back(std::make_unique<WriteProposal<PutRequest, PutResponse>>(
        PutRequest{.key = key}, [this, key](absl::StatusOr<PutResponse> response) {
          heard_.push_back(response.ok() ? key + " at " + std::to_string(response->revision)
                                         : std::string(response.status().message()));
        }));
    pending_.back()->queued_at = now_;
  }

  // Relays "k", so that its frame has the id 1.
  void SendOne() {
    relay_.Met(now_);
    Queue("k");
    relay_.Send(pending_);
  }

  static std::string Answer(uint64_t id, absl::StatusOr<PutResponse> answer) {
    PeerWriter out;
    AnswersHead head{.id = id, .revision = answer.ok() ? answer->revision : 0};
    out(FrameKind::kAnswers, head);
    WriteAnswer(out, answer);
    return std::move(out.bytes());
  }

  // A batch of the chain that these tests tell of.
  static log::Head Next(const log::Head& tip, int64_t revision) {
    log::Head head{.seq = tip.seq + 1, .revision = revision};
    head.nonce.fill(static_cast<char>('a' + head.seq));
    return head;
  }
  bool HearBatch(const log::Head& head) { return relay_.Hear(FrameOf(Author{}, head, {}, {})); }
  bool HearCommit(const log::Head& head) {
    return relay_.Hear(FrameOf(PeerCommit{.seq = head.seq, .nonce = head.nonce}));
  }

  // Passes on what was answered.
  std::vector<Relay::Word> Hear() {
    std::vector<Relay::Word> words = relay_.TakeWords();
    for (const Relay::Word& word : words) {
      for (const auto& proposal : word.proposals) {
        proposal->Answer(word.lost != 0 ? mvcc::LeaderFailed() : absl::OkStatus());
      }
    }
    return words;
  }

  base::MetricsRegistry metrics_;
  int woken_ = 0;
  Relay relay_{[this] { ++woken_; }, metrics_};
  base::TimePoint now_ = base::Clock::Real().Now();
  std::deque<std::unique_ptr<Proposal>> pending_;
  std::vector<std::string> sent_;
  std::vector<std::string> heard_;
  int closed_ = 0;
};

TEST_F(RelayTest, TakesNothingWithoutALinkOrBeforeAConflict) {
  relay_.Met(now_);
  EXPECT_FALSE(relay_.Takes(now_)) << "there is no link";
  Link();
  EXPECT_TRUE(relay_.Takes(now_));
  Relay calm([] {}, metrics_);
  calm.Linked({.send = [](const std::string&) {}, .close = [] {}});
  EXPECT_FALSE(calm.Takes(now_)) << "nobody was met";
}

TEST_F(RelayTest, HandsTheOwnersAnswerOn) {
  Link();
  SendOne();
  EXPECT_TRUE(pending_.empty());
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_TRUE(relay_.Hear(Answer(1, PutResponse{.revision = 7})));
  EXPECT_EQ(woken_, 1);
  const auto words = Hear();
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(words[0].answered->revision, 7);
  EXPECT_EQ(heard_, std::vector<std::string>{"k at 7"});
}

TEST_F(RelayTest, HandsTheOwnersRefusalOn) {
  Link();
  SendOne();
  EXPECT_TRUE(relay_.Hear(Answer(1, mvcc::NoSpace())));
  Hear();
  EXPECT_EQ(heard_, std::vector<std::string>{std::string(mvcc::NoSpace().message())});
}

TEST_F(RelayTest, LeavesWhatOnlyThisServerCanDo) {
  Link();
  relay_.Met(now_);
  pending_.push_back(
      Propose<bool>([](OpenBatch&, const mvcc::Index::View&, mvcc::Values&) { return true; },
                    Callback<bool>([](const absl::StatusOr<bool>&) {})));
  Queue("k");
  relay_.Send(pending_);
  EXPECT_EQ(sent_.size(), 1u);
  EXPECT_EQ(pending_.size(), 1u);
}

TEST_F(RelayTest, KeepsWhatWasNotSentBeforeTheLinkWasLost) {
  Link();
  relay_.Lost();
  SendOne();
  EXPECT_EQ(pending_.size(), 1u);
  EXPECT_TRUE(sent_.empty());
}

TEST_F(RelayTest, TellsWhatWasUnderWayWhenTheLinkWasLost) {
  Link();
  SendOne();
  relay_.Lost();
  Link();
  Queue("later");
  relay_.Send(pending_);
  Hear();
  EXPECT_EQ(heard_, std::vector<std::string>{std::string(mvcc::LeaderFailed().message())});
  EXPECT_TRUE(relay_.Hear(Answer(2, PutResponse{.revision = 9})));
  Hear();
  EXPECT_EQ(heard_.back(), "later at 9") << "it went over the next link";
}

TEST_F(RelayTest, EndsTheLinkOfAnOwnerThatIsSilentWhileAnAnswerIsDue) {
  Link();
  EXPECT_FALSE(relay_.deadline().has_value()) << "nothing is due";
  SendOne();
  ASSERT_TRUE(relay_.deadline().has_value());
  relay_.CheckAlive(now_);
  EXPECT_EQ(closed_, 0);
  EXPECT_TRUE(relay_.Hear("")) << "a sign of life";
  relay_.CheckAlive(*relay_.deadline() - milliseconds(1));
  EXPECT_EQ(closed_, 0);
  relay_.CheckAlive(*relay_.deadline());
  EXPECT_EQ(closed_, 1);
  Hear();
  EXPECT_EQ(heard_, std::vector<std::string>{std::string(mvcc::LeaderFailed().message())});
}

TEST_F(RelayTest, EndsALinkOverWhichNothingWasHeardForLong) {
  Link();
  std::this_thread::sleep_for(milliseconds(1001));
  SendOne();
  EXPECT_FALSE(relay_.Hear("")) << "this server may have been paused, whatever it sends now";
}

TEST_F(RelayTest, LeavesAnOwnerThatSaysByeAfterItsLastAnswer) {
  Link();
  SendOne();
  EXPECT_TRUE(relay_.Hear(FrameOf(FrameKind::kBye)));
  Hear();
  EXPECT_FALSE(relay_.Takes(now_));
  EXPECT_EQ(closed_, 0) << "an answer is due";
  EXPECT_TRUE(relay_.Hear(Answer(1, PutResponse{.revision = 3})));
  Hear();
  EXPECT_EQ(heard_, std::vector<std::string>{"k at 3"});
  EXPECT_EQ(closed_, 1);
}

TEST_F(RelayTest, GoesBackOnceItWasAloneForASecond) {
  Link();
  relay_.Met(now_);
  EXPECT_TRUE(relay_.Takes(now_ + milliseconds(999)));
  EXPECT_FALSE(relay_.Takes(now_ + seconds(1)));
  EXPECT_FALSE(relay_.Takes(now_ + seconds(2)));
}

TEST_F(RelayTest, GoesOnWhileTheOwnerCommitsMoreThanItWasAskedFor) {
  Link();
  relay_.Met(now_);
  log::Head head;
  for (const int64_t revision : {100, 200}) {
    head = Next(head, revision);
    EXPECT_TRUE(HearBatch(head));
    EXPECT_TRUE(HearCommit(head));
  }
  Hear();
  EXPECT_TRUE(relay_.Takes(now_ + seconds(1)));
  EXPECT_FALSE(relay_.Takes(now_ + seconds(2))) << "nothing more came";
}

TEST_F(RelayTest, HandsABatchOnOnceItIsDurable) {
  Link();
  const log::Head first = Next({}, 7);
  EXPECT_TRUE(HearBatch(first));
  EXPECT_EQ(woken_, 0);
  EXPECT_TRUE(Hear().empty());
  EXPECT_TRUE(HearCommit(first));
  EXPECT_EQ(woken_, 1);
  const auto words = Hear();
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(words[0].batch->batch.head, first);
  EXPECT_FALSE(words[0].batch->follows.has_value()) << "nothing before it was told";
}

TEST_F(RelayTest, ForgetsABatchThatAnotherOneTookThePlaceOf) {
  Link();
  log::Head lost = Next({}, 7);
  lost.nonce.fill('x');
  const log::Head first = Next({}, 8);
  EXPECT_TRUE(HearBatch(lost));
  EXPECT_TRUE(HearBatch(first));
  EXPECT_TRUE(HearCommit(first));
  const auto words = Hear();
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(words[0].batch->batch.head, first);
}

TEST_F(RelayTest, TellsOfADurableBatchThatItWasNotSent) {
  Link();
  const log::Head first = Next({}, 7);
  log::Head rival = first;
  rival.nonce.fill('x');
  EXPECT_TRUE(HearBatch(first));
  EXPECT_TRUE(HearCommit(rival));
  auto words = Hear();
  ASSERT_EQ(words.size(), 1u);
  EXPECT_FALSE(words[0].batch.has_value());
  EXPECT_EQ(words[0].news, rival.seq);

  relay_.Lost();
  Link();
  EXPECT_TRUE(HearCommit(first)) << "it was sent over the link before";
  words = Hear();
  ASSERT_EQ(words.size(), 2u);
  EXPECT_NE(words[0].lost, 0u);
  EXPECT_FALSE(words[1].batch.has_value());
  EXPECT_EQ(words[1].news, first.seq);
}

TEST_F(RelayTest, SaysWhichHeadABatchWasFoundToFollow) {
  Link();
  const log::Head first = Next({}, 7);
  log::Head second = Next(first, 7);
  second.hash = HashOf(first, second);
  log::Head third = Next(second, 7);
  third.hash = HashOf(first, third);  // not of the one before it
  for (const log::Head& head : {first, second, third}) {
    EXPECT_TRUE(HearBatch(head));
    EXPECT_TRUE(HearCommit(head));
  }
  const auto words = Hear();
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(words[1].batch->follows, first);
  EXPECT_FALSE(words[2].batch->follows.has_value());
}

TEST_F(RelayTest, RefusesWhatIsNoFrame) {
  Link();
  const std::string batch = FrameOf(Author{}, log::Head{.seq = 2, .revision = 3},
                                    std::vector{KeyValue::Make({.key = "k", .version = 1})}, {});
  const std::string commit = FrameOf(PeerCommit{.seq = 2});
  for (const std::string& frame : {batch, commit}) {
    EXPECT_TRUE(relay_.Hear(frame));
    for (size_t size = 1; size < frame.size(); ++size) {
      EXPECT_FALSE(relay_.Hear(frame.substr(0, size))) << size;
    }
    EXPECT_FALSE(relay_.Hear(frame + "more"));
  }
  EXPECT_FALSE(relay_.Hear("\x7f"));
}

TEST_F(RelayTest, GivesUpWhatTakesTooLong) {
  Link();
  SendOne();
  EXPECT_TRUE(relay_.TakeLate(now_).empty());
  EXPECT_EQ(relay_.TakeLate(now_ + seconds(1)).size(), 1u);
  EXPECT_TRUE(relay_.TakeAll().empty());
  EXPECT_TRUE(relay_.Hear(Answer(1, PutResponse{.revision = 7}))) << "it comes late";
  Hear();
  EXPECT_TRUE(heard_.empty());
}

}  // namespace
}  // namespace kvshim::store
