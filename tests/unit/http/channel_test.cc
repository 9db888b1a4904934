#include "http/channel.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "http/client.h"
#include "http/listener.h"
#include "unit/http/certificate_authority.h"
#include "unit/http/connection.h"

namespace kvshim::http {
namespace {

// What one end of a channel has heard.
class End {
 public:
  Channel::Events events() {
    return {.on_frame =
                [this](std::string_view frame) {
                  base::MutexLock lock(mutex_);
                  if (frame.empty()) {
                    ++signs_;
                  } else {
                    frames_.emplace_back(frame);
                  }
                  changed_.NotifyAll();
                  return frame != "end it";
                },
            .on_end =
                [this] {
                  base::MutexLock lock(mutex_);
                  ended_ = true;
                  changed_.NotifyAll();
                }};
  }

  std::vector<std::string> Await(size_t frames) {
    base::MutexLock lock(mutex_);
    while (frames_.size() < frames) changed_.Wait(mutex_);
    return frames_;
  }
  void AwaitSignOfLife() {
    base::MutexLock lock(mutex_);
    while (signs_ == 0) changed_.Wait(mutex_);
  }
  void AwaitEnd() {
    base::MutexLock lock(mutex_);
    while (!ended_) changed_.Wait(mutex_);
  }

 private:
  base::Mutex mutex_;
  base::Condition changed_;
  std::vector<std::string> frames_ GUARDED_BY(mutex_);
  int signs_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
};

// A listener that gives channels, and a client that has asked for one.
class ChannelTest : public ::testing::TestWithParam<const char*> {
 protected:
  ChannelTest() {
    pages_.Add("/page", [](const Request&) { return Response{.body = "a page"}; });
    pages_.AddUpgrade("/link", "frames", [this](std::shared_ptr<Channel> channel) {
      channel->Start(server_.events());
      base::MutexLock lock(mutex_);
      taken_ = std::move(channel);
      changed_.NotifyAll();
    });
    const std::string kind = GetParam();
    if (kind == "tls") {
      certificates_ = *Certificates::Load(authority_.IssueFiles(directory_, "server"));
    }
    listener_ = std::make_unique<Listener>(
        ListenerOptions{.pages = &pages_, .certificates = certificates_.get()});
    const std::string address =
        kind == "unix" ? "unix://" + directory_.File("channel.sock") : "127.0.0.1:0";
    EXPECT_TRUE(listener_->AddAddress(address).ok());
    listener_->Start();
    const std::string bound = listener_->addresses().front();
    url_ = kind == "unix" ? bound : (kind == "tls" ? "https://" : "http://") + bound;
    client_ = std::make_unique<Client>(url_, ClientOptions{});
  }
  ~ChannelTest() override {
    if (thread_.joinable()) {
      channel_->Close();
      thread_.join();
    }
    channel_.reset();
    client_.reset();
    {
      base::MutexLock lock(mutex_);
      if (taken_ != nullptr) taken_->Close();
      taken_.reset();
    }
    listener_->Stop();
  }

  Channel& Dial() {
    auto dialled = client_->Upgrade("/link", "frames");
    EXPECT_TRUE(dialled.ok()) << dialled.status();
    channel_ = *std::move(dialled);
    channel_->Start(dialler_.events());
    thread_ = std::thread([this] { client_->Run(); });
    return *channel_;
  }
  Channel& taken() {
    base::MutexLock lock(mutex_);
    while (taken_ == nullptr) changed_.Wait(mutex_);
    return *taken_;
  }

  testing::TemporaryDirectory directory_;
  CertificateAuthority authority_{"authority"};
  Pages pages_;
  End server_, dialler_;
  base::Mutex mutex_;
  base::Condition changed_;
  std::shared_ptr<Channel> taken_ GUARDED_BY(mutex_);
  std::unique_ptr<Certificates> certificates_;
  std::unique_ptr<Listener> listener_;
  std::string url_;
  std::unique_ptr<Client> client_;
  std::shared_ptr<Channel> channel_;
  std::thread thread_;
};

TEST_P(ChannelTest, CarriesFramesBothWaysInOrder) {
  Channel& dialled = Dial();
  std::vector<std::string> sent;
  for (size_t size = 1; size < 4 << 20; size = size * 5 + 1) {
    sent.push_back(std::string(size, static_cast<char>('a' + sent.size())));
  }
  for (const std::string& frame : sent) dialled.Send(frame);
  EXPECT_EQ(server_.Await(sent.size()), sent);
  for (const std::string& frame : sent) taken().Send(frame);
  EXPECT_EQ(dialler_.Await(sent.size()), sent);
}

TEST_P(ChannelTest, TakesFramesFromManyThreads) {
  Channel& dialled = Dial();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) dialled.Send(std::string(997, 'x'));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& frame : server_.Await(800)) EXPECT_EQ(frame, std::string(997, 'x'));
}

TEST_P(ChannelTest, ShowsThatItLivesWhereThereIsNothingToSay) {
  Dial();
  server_.AwaitSignOfLife();
  dialler_.AwaitSignOfLife();
}

TEST_P(ChannelTest, EndsAtBothEndsWhereOneWantsNoMore) {
  Dial().Send("end it");
  server_.AwaitEnd();
  dialler_.AwaitEnd();
}

TEST_P(ChannelTest, EndsWhereTheOtherEndCloses) {
  Dial();
  taken().Close();
  dialler_.AwaitEnd();
}

TEST_P(ChannelTest, IsBoundToItsTlsConnection) {
  Channel& dialled = Dial();
  EXPECT_EQ(dialled.binding(), taken().binding());
  EXPECT_EQ(dialled.binding().empty(), std::string(GetParam()) != "tls");
  if (dialled.binding().empty()) return;
  Client other(url_, {});
  const auto second = other.Upgrade("/link", "frames");
  ASSERT_TRUE(second.ok());
  EXPECT_NE((*second)->binding(), dialled.binding());
}

TEST_P(ChannelTest, IsNotGivenForWhatIsNotAskedForAsSuch) {
  EXPECT_EQ(client_->Upgrade("/link", "other").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client_->Upgrade("/page", "frames").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*client_->Get("/page"), "a page");
}

INSTANTIATE_TEST_SUITE_P(Transports, ChannelTest, ::testing::Values("plain", "tls", "unix"),
                         [](const auto& about) { return std::string(about.param); });

TEST(Channel, EndsWhereALengthIsBeyondReason) {
  Pages pages;
  End end;
  pages.AddUpgrade("/link", "frames",
                   [&](std::shared_ptr<Channel> channel) { channel->Start(end.events()); });
  Listener listener({.pages = &pages});
  ASSERT_TRUE(listener.AddAddress("127.0.0.1:0").ok());
  listener.Start();
  Connection connection(listener.addresses().front());
  ASSERT_TRUE(connection.Write(
      "GET /link HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: frames\r\n\r\n"));
  EXPECT_TRUE(connection.ReadUntil("\r\n\r\n").starts_with("HTTP/1.1 101"));
  ASSERT_TRUE(connection.Write(std::string("\xff\xff\xff\xff", 4)));
  end.AwaitEnd();
}

}  // namespace
}  // namespace kvshim::http
