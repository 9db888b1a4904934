#include "watch/event.h"

#include <gtest/gtest.h>

#include <string>

namespace kvshim::watch {
namespace {

std::string Encode(const Event& event, bool prev_kv) {
  std::string out;
  event.AppendTo(
      prev_kv, [&](std::string_view bytes) { out.append(bytes); },
      [&](const KeyValue& kv) { out.append(kv.wire()); });
  return out;
}

std::string Length(size_t size) {
  std::string out;
  for (; size >= 0x80; size >>= 7) out.push_back(static_cast<char>(size | 0x80));
  out.push_back(static_cast<char>(size));
  return out;
}

std::string Field(char number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + Length(bytes.size()) + bytes;
}

KeyValue Version(int64_t version, size_t value_size) {
  return KeyValue::Make({.key = "/a",
                         .value = std::string(value_size, 'x'),
                         .create_revision = 2,
                         .mod_revision = 2 + version,
                         .version = version});
}

TEST(Event, PutIsEncodedWithoutItsType) {
  const KeyValue kv = Version(1, 3);
  EXPECT_EQ(Encode(Event(kv), false), Field(11, Field(2, std::string(kv.wire()))));
}

TEST(Event, DeletionCarriesTypeKeyAndRevisionOnly) {
  const KeyValue kv = KeyValue::Tombstone("/a", 7, 0);
  EXPECT_EQ(Encode(Event(kv), true), Field(11, "\x08\x01" + Field(2, "\x0a\x02/a\x18\x07")));
}

TEST(Event, PrevKvIsEncodedOnlyForThoseWhoAsk) {
  const KeyValue kv = Version(2, 5);
  const KeyValue prev = Version(1, 200);
  const Event event(kv, prev);
  const std::string kv_field = Field(2, std::string(kv.wire()));
  EXPECT_EQ(Encode(event, false), Field(11, kv_field));
  EXPECT_EQ(Encode(event, true), Field(11, kv_field + Field(3, std::string(prev.wire()))));
}

TEST(Event, SizeIsThatOfItsBytesWhateverTheLengths) {
  for (const size_t size : {0, 1, 100, 127, 128, 16000, 16384, 3000000}) {
    const Event event(Version(2, size), Version(1, size));
    EXPECT_EQ(event.wire_size(false), Encode(event, false).size()) << size;
    EXPECT_EQ(event.wire_size(true), Encode(event, true).size()) << size;
  }
}

TEST(Event, KnowsWhenAPreviousVersionIsMissing) {
  EXPECT_FALSE(Event(Version(1, 1)).lacks_prev_kv());
  EXPECT_TRUE(Event(Version(2, 1)).lacks_prev_kv());
  EXPECT_FALSE(Event(Version(2, 1), Version(1, 1)).lacks_prev_kv());
  EXPECT_TRUE(Event(KeyValue::Tombstone("/a", 3, 0)).lacks_prev_kv());
}

}  // namespace
}  // namespace kvshim::watch
