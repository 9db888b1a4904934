// Messages made of copied and shared pieces; payloads.
#include "rpc/message.h"

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "rpc/payload.h"

namespace kvshim::rpc {
namespace {

// Counts what is held of it.
struct Owner {
  int references = 0;

  void* Retain() {
    ++references;
    return this;
  }
};
constexpr Ownership kOwnership{[](void* owner) { ++static_cast<Owner*>(owner)->references; },
                               [](void* owner) { --static_cast<Owner*>(owner)->references; }};

// Takes the message apart, `step` bytes at a time.
std::string TakeAll(Message& message, size_t step) {
  std::string bytes;
  while (message.size() > 0) {
    Outbox outbox;
    message.Take(std::min(step, message.size()), outbox);
    outbox.FlattenTo(bytes);
  }
  return bytes;
}

TEST(Message, KeepsTheOrderOfCopiedAndSharedPieces) {
  Owner owner;
  const std::string shared(5000, 's');
  std::string expected;
  {
    Message message;
    for (int i = 0; i < 20; ++i) {
      const std::string copied(static_cast<size_t>(i) * 37, static_cast<char>('a' + i));
      message.AppendCopy(copied);
      message.AppendShared(shared, owner.Retain(), kOwnership);
      expected += copied + shared;
    }
    EXPECT_EQ(message.size(), expected.size());
    EXPECT_EQ(message.Flatten(), expected);
    EXPECT_EQ(message.Flatten(), expected) << "flattening changes nothing";
    EXPECT_EQ(owner.references, 20);
    EXPECT_EQ(TakeAll(message, 777), expected);
    EXPECT_EQ(message.size(), 0U);
    EXPECT_EQ(message.Flatten(), "");
    EXPECT_EQ(owner.references, 0) << "given up once taken and sent";
  }
  EXPECT_EQ(owner.references, 0) << "once";
}

TEST(Message, GivesUpWhatWasNotTakenWhenItGoes) {
  Owner owner;
  const std::string shared(1000, 's');
  {
    Message message;
    for (int i = 0; i < 3; ++i) message.AppendShared(shared, owner.Retain(), kOwnership);
    {
      Outbox outbox;
      message.Take(1500, outbox);
    }
    EXPECT_EQ(message.size(), 1500U);
    EXPECT_EQ(message.Flatten(), std::string(1500, 's'));
    EXPECT_EQ(owner.references, 2);
    message.AppendCopy("more");
    EXPECT_EQ(message.size(), 1504U);
  }
  EXPECT_EQ(owner.references, 0);
}

TEST(Message, WhatWasTakenOutlivesIt) {
  Owner owner;
  std::string expected;
  Outbox outbox;
  {
    const std::string shared(100'000, 's');
    Message message;
    message.AppendCopy(std::string(70'000, 'c'));
    message.AppendShared(shared, owner.Retain(), kOwnership);
    message.AppendCopy("end");
    expected = message.Flatten().substr(0, 120'000);
    // Within the copied bytes, and twice within the shared ones.
    for (const size_t count : {30'000, 60'000, 30'000}) message.Take(count, outbox);
    EXPECT_EQ(owner.references, 3);
    std::string bytes;
    outbox.FlattenTo(bytes);
    EXPECT_TRUE(bytes == expected);
  }
  EXPECT_EQ(owner.references, 2) << "each part that is to be sent keeps the owner";
  outbox.Clear();
  EXPECT_EQ(owner.references, 0);
}

TEST(Message, GivesSharedPiecesUpWhenItIsNotSent) {
  Owner owner;
  const std::string shared(100, 's');
  {
    Message message(16);
    message.AppendShared(shared, owner.Retain(), kOwnership);
    Message moved = std::move(message);
    EXPECT_EQ(owner.references, 1);
    EXPECT_EQ(moved.Flatten(), shared);
  }
  EXPECT_EQ(owner.references, 0);
}

TEST(Message, EmptySharedPieceIsReleasedAtOnce) {
  Owner owner;
  Message message;
  message.AppendShared("", owner.Retain(), kOwnership);
  EXPECT_EQ(owner.references, 0);
  EXPECT_EQ(message.size(), 0U);
}

TEST(Message, CopiesOfEverySizeSurvive) {
  for (const size_t size : {0, 1, 23, 24, 255, 256, 257, 65'535, 65'536, 65'537, 3'000'000}) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31);
    Message whole = Message::Copy(bytes);
    EXPECT_TRUE(whole.Flatten() == bytes) << size;
    EXPECT_TRUE(TakeAll(whole, 16'384) == bytes) << size;
    Message pieces;
    for (size_t i = 0; i < size; i += 1000)
      pieces.AppendCopy(std::string_view(bytes).substr(i, 1000));
    EXPECT_TRUE(TakeAll(pieces, 100) == bytes) << size;
  }
}

TEST(Payload, ParsesItsMessage) {
  google::protobuf::StringValue value;
  value.set_value(std::string(1000, 'v'));
  const Payload payload(value.SerializeAsString());
  EXPECT_EQ(payload.size(), value.ByteSizeLong());
  google::protobuf::StringValue parsed;
  ASSERT_TRUE(payload.Parse(parsed));
  EXPECT_EQ(parsed.value(), value.value());
}

TEST(Payload, EmptyOneIsTheDefaultMessage) {
  google::protobuf::StringValue parsed;
  EXPECT_TRUE(Payload().Parse(parsed));
  EXPECT_TRUE(Payload("").Parse(parsed));
  EXPECT_EQ(parsed.value(), "");
  EXPECT_EQ(Payload().size(), 0U);
  EXPECT_EQ(Payload().bytes(), "");
}

TEST(Payload, BytesThatAreNoMessageAreRefused) {
  google::protobuf::StringValue parsed;
  for (const std::string& bytes :
       {std::string("\xff"), std::string("\x0a"),
        std::string("\x0a\x05"
                    "abc"),
        std::string("\x0a\xff\xff\xff\xff\x0f"), std::string("\x00\x00", 2), std::string("\x0c")}) {
    EXPECT_FALSE(Payload(bytes).Parse(parsed)) << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace kvshim::rpc
