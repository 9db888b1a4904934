// Messages cut out of what arrives, in whatever pieces.
#include "rpc/frame_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

namespace kvshim::rpc {
namespace {

std::string Framed(std::string_view message, bool compressed = false) {
  std::string out(1, compressed ? '\x01' : '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(message.size() >> shift);
  }
  return out + std::string(message);
}

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct Outcome {
  absl::Status status;
  std::vector<std::string> messages;
  bool between = false;
};

Outcome Feed(std::string_view bytes, size_t step, Encoding encoding = Encoding::kIdentity,
             size_t max_bytes = 1000) {
  FrameReader reader(max_bytes, encoding);
  Outcome outcome;
  for (size_t i = 0; i < bytes.size() && outcome.status.ok(); i += step) {
    outcome.status = reader.Feed(bytes.substr(i, step), [&](std::string message) {
      outcome.messages.push_back(std::move(message));
    });
  }
  outcome.between = reader.is_between_messages();
  return outcome;
}

TEST(FrameReader, MessagesComeWholeHoweverTheyArrive) {
  const std::vector<std::string> messages = {"", "a", std::string(1000, 'b'), "", "cd"};
  std::string bytes;
  for (const std::string& message : messages) bytes += Framed(message);
  for (const size_t step : {1, 2, 3, 5, 7, 64, 10'000}) {
    const Outcome outcome = Feed(bytes, step);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.messages, messages) << step;
    EXPECT_TRUE(outcome.between);
  }
}

TEST(FrameReader, AMessageThatIsCutOffIsNoticed) {
  const std::string bytes = Framed("hello");
  for (size_t size = 1; size < bytes.size(); ++size) {
    const Outcome outcome = Feed(bytes.substr(0, size), 3);
    EXPECT_TRUE(outcome.status.ok());
    EXPECT_TRUE(outcome.messages.empty());
    EXPECT_FALSE(outcome.between) << size;
  }
}

TEST(FrameReader, TooLargeMessageIsRefusedByItsLength) {
  const std::string head = Framed(std::string(1001, 'x')).substr(0, 5);
  EXPECT_EQ(Feed(head, 5).status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Feed(std::string("\0\xff\xff\xff\xff", 5), 5).status.code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(FrameReader, CompressedMessagesAreDecompressed) {
  const std::string message(900, 'z');
  const std::string bytes = Framed(Gzip(message), true) + Framed("plain") + Framed(Gzip(""), true);
  for (const size_t step : {1, 9, 10'000}) {
    const Outcome outcome = Feed(bytes, step, Encoding::kGzip);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_THAT(outcome.messages, testing::ElementsAre(message, "plain", ""));
  }
}

TEST(FrameReader, CompressionThatIsUnsoundIsRefused) {
  const std::string bomb = Framed(Gzip(std::string(100'000, '\0')), true);
  EXPECT_EQ(Feed(bomb, 100, Encoding::kGzip).status.code(), absl::StatusCode::kResourceExhausted);
  const std::string cut = Gzip(std::string(500, 'x'));
  EXPECT_EQ(Feed(Framed(cut.substr(0, cut.size() - 9), true), 100, Encoding::kGzip).status.code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(Feed(Framed("not gzip", true), 100, Encoding::kGzip).status.code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(Feed(Framed("x", true), 100, Encoding::kIdentity).status.code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(Feed(Framed("x", true), 100, Encoding::kUnknown).status.code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace kvshim::rpc
