// The small kinds of text: quantities, times, durations, base64, names, quoting, versions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "api/base64.h"
#include "api/names.h"
#include "api/quantity.h"
#include "api/quote.h"
#include "api/resource_version.h"
#include "api/timestamp.h"
#include "api/utf8.h"

namespace kvplane::api {
namespace {

std::string Amount(std::string_view text) {
  const auto quantity = Quantity::Parse(text);
  return quantity.ok() ? quantity->ToString() : std::string(quantity.status().message());
}

TEST(Quantity, HasOneCanonicalText) {
  for (const auto& [text, canonical] : {
           std::pair{"0", "0"},
           {"1000m", "1"},
           {"0.5", "500m"},
           {"1.5Gi", "1536Mi"},
           {"1024Ki", "1Mi"},
           {"1000", "1k"},
           {"12e6", "12e6"},
           {"100e1", "1e3"},
           {"1023Ki", "1023Ki"},
           {"0.5Ki", "512"},
           {"-1500m", "-1500m"},
           {"0.1n", "1n"},
           {"1E", "1E"},
           {"8Ei", "9223372036854775807"},
       }) {
    EXPECT_EQ(Amount(text), canonical) << text;
  }
}

TEST(Quantity, RefusesWhatIsNone) {
  EXPECT_THAT(Amount(""), testing::StartsWith("quantities must match"));
  EXPECT_THAT(Amount("1 "), testing::StartsWith("quantities must match"));
  EXPECT_EQ(Amount("1Q"),
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  EXPECT_EQ(Amount("1mm"), "unable to parse quantity's suffix");
  EXPECT_EQ(Amount("1e99999999999"), "unable to parse quantity's suffix");
}

TEST(Quantity, AddsComparesAndRounds) {
  Quantity sum;
  sum += *Quantity::Parse("1.5Gi");
  sum += *Quantity::Parse("512Mi");
  EXPECT_EQ(sum.ToString(), "2Gi");
  sum -= *Quantity::Parse("2Gi");
  EXPECT_TRUE(sum.IsZero());
  EXPECT_LT(*Quantity::Parse("999m"), Quantity(1));
  EXPECT_EQ(*Quantity::Parse("1Ki"), Quantity(1024));
  EXPECT_EQ(Quantity::Parse("1.1")->Value(), 2);
  EXPECT_EQ(Quantity::Parse("-1.1")->Value(), -2);
  EXPECT_EQ(Quantity::Parse("1.1")->MilliValue(), 1100);
  Quantity fine = *Quantity::Parse("100u");
  fine.RoundUpToMilli();
  EXPECT_EQ(fine.ToString(), "1m");
}

TEST(Quantity, NumbersBeyondAllBoundsAreCutOff) {
  EXPECT_EQ(Quantity::Parse("1e1000000000")->Value(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Quantity::Parse("1e-1000000000")->ToString(), "1e-9");
  EXPECT_EQ(Quantity::Parse(std::string(5000, '9'))->Value(), std::numeric_limits<int64_t>::max());
}

TEST(Timestamp, ReadsAnyZoneAndWritesUtc) {
  EXPECT_EQ(FormatTime(*ParseTimestamp("2026-01-01T00:30:00+01:00")), "2025-12-31T23:30:00Z");
  EXPECT_EQ(FormatTime(*ParseTimestamp("2024-02-29T12:00:00.999Z")), "2024-02-29T12:00:00Z");
  EXPECT_EQ(FormatMicroTime(*ParseTimestamp("1969-12-31T23:59:59.5Z")),
            "1969-12-31T23:59:59.500000Z");
  EXPECT_TRUE(ParseTimestamp("0001-01-01T00:00:00Z")->IsZero());
  EXPECT_EQ(ParseTimestamp("1970-01-02T00:00:00Z")->seconds, 86400);
}

TEST(Timestamp, RefusesWhatIsNone) {
  for (const char* text :
       {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01 00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1"}) {
    EXPECT_FALSE(ParseTimestamp(text).ok()) << text;
  }
}

TEST(Duration, IsWrittenAsGoDoes) {
  for (const auto& [nanos, text] : {
           std::pair<int64_t, std::string>{0, "0s"},
           {1, "1ns"},
           {1500, "1.5µs"},
           {2000000, "2ms"},
           {1500000000, "1.5s"},
           {60000000000, "1m0s"},
           {5400000000000, "1h30m0s"},
           {-1000000000, "-1s"},
           {std::numeric_limits<int64_t>::min(), "-2562047h47m16.854775808s"},
       }) {
    EXPECT_EQ(FormatDuration(nanos), text);
  }
  EXPECT_EQ(*ParseDuration("1h15m30.5s"), 4530500000000);
  EXPECT_EQ(*ParseDuration("-1.5us"), -1500);
  for (const char* text : {"", "1", "s", "1x", "1.2.3s", "99999999999h"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Base64, ReadsWhatItWrites) {
  std::string bytes;
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(*DecodeBase64(EncodeBase64(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_EQ(EncodeBase64("hi"), "aGk=");
  EXPECT_EQ(*DecodeBase64("aG\r\nk="), "hi");
  for (const char* text : {"a", "aGk", "aGk=a", "=", "aGk==", "a===", "aGk*", "aGk=\naaaa"}) {
    EXPECT_FALSE(DecodeBase64(text).ok()) << text;
  }
}

TEST(Utf8, TellsWellFormedTextFromOther) {
  EXPECT_TRUE(IsUtf8("plain ascii that is long enough for words; käse 日本語 \xf0\x9f\x98\x80"));
  for (const char* text : {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xc3", "long enough for words \xe6\x97"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(Quoted, EscapesWhatCannotBePrinted) {
  EXPECT_EQ(Quoted("a\"\\\n\x01\x7f"), R"("a\"\\\n\x01\x7f")");
  EXPECT_EQ(Quoted("käse\xe2\x80\xa8\xff"), R"("käse\u2028\xff")");
}

TEST(Names, AreWellOrSayWhatIsWrong) {
  EXPECT_THAT(CheckDns1123Label("my-name"), testing::IsEmpty());
  EXPECT_THAT(CheckDns1123Label("a.b"), testing::ElementsAre("must not contain dots"));
  EXPECT_THAT(CheckDns1123Label(std::string(64, 'a')),
              testing::ElementsAre("must be no more than 63 bytes"));
  EXPECT_THAT(CheckDns1123Subdomain("a.b-c.d"), testing::IsEmpty());
  EXPECT_EQ(CheckDns1123Subdomain("a..b").size(), 1U);
  EXPECT_THAT(CheckQualifiedName("example.com/My_name"), testing::IsEmpty());
  EXPECT_THAT(CheckQualifiedName("/a"), testing::ElementsAre("prefix part must be non-empty"));
  EXPECT_EQ(CheckQualifiedName("a/b/c").size(), 1U);
  EXPECT_THAT(CheckLabelValue(""), testing::IsEmpty());
  EXPECT_EQ(CheckLabelValue("-").size(), 1U);
  EXPECT_THAT(CheckPathSegmentName("system:node"), testing::IsEmpty());
  EXPECT_THAT(CheckPathSegmentName("a/b%"),
              testing::ElementsAre("may not contain '/'", "may not contain '%'"));
}

TEST(ResourceVersion, TellsUnsetFromZero) {
  EXPECT_FALSE(ParseResourceVersion("")->set);
  EXPECT_TRUE(ParseResourceVersion("0")->set);
  EXPECT_EQ(ParseResourceVersion("18446744073709551615")->value, 18446744073709551615U);
  EXPECT_EQ(
      ParseResourceVersion("x").status().message(),
      "resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax");
  EXPECT_FALSE(ParseResourceVersion("-1").ok());
  EXPECT_FALSE(ParseResourceVersion("99999999999999999999").ok());
}

TEST(ResourceVersion, MatchesMustGoWithIt) {
  EXPECT_EQ(*ParseVersionMatch("Exact"), VersionMatch::kExact);
  EXPECT_FALSE(ParseVersionMatch("exact").ok());
  EXPECT_TRUE(CheckListVersions({}, VersionMatch::kUnset, true).ok());
  EXPECT_FALSE(CheckListVersions({}, VersionMatch::kExact, false).ok());
  EXPECT_FALSE(CheckListVersions({true, 0}, VersionMatch::kExact, false).ok());
  EXPECT_TRUE(CheckListVersions({true, 0}, VersionMatch::kNotOlderThan, false).ok());
  EXPECT_FALSE(CheckListVersions({true, 5}, VersionMatch::kNotOlderThan, true).ok());
}

}  // namespace
}  // namespace kvplane::api
