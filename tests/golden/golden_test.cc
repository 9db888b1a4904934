#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "api/canonical.h"
#include "api/envelope.h"
#include "api/json.h"
#include "api/schema.h"

namespace kvplane::api {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> Pairs() {
  std::vector<std::filesystem::path> paths;
  const char* folder = std::getenv("KVPLANE_GOLDEN");
  if (folder == nullptr) return paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    char pair[4];
    std::snprintf(pair, sizeof(pair), "%02x", static_cast<unsigned char>(c));
    out += pair;
  }
  return out;
}

class Golden : public testing::TestWithParam<std::filesystem::path> {
 protected:
  const Schema& schema_ = Schema::Kubernetes();
  const std::string text_ = ReadFile(GetParam());
  const std::string bytes_ = ReadFile(std::filesystem::path(GetParam()).replace_extension(".pb"));
};

TEST_P(Golden, ProtobufDecodesToTheJson) {
  const auto want = ParseJson(text_);
  ASSERT_TRUE(want.ok()) << want.status();
  const auto got = DecodeObject(schema_, bytes_);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(ToJson(*got), ToJson(*want));
}

TEST_P(Golden, JsonEncodesToTheProtobuf) {
  const auto document = ParseJson(text_);
  ASSERT_TRUE(document.ok()) << document.status();
  const auto bytes = EncodeObject(schema_, document->get_object());
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(Hex(*bytes), Hex(bytes_));
}

TEST_P(Golden, JsonIsCanonical) {
  const auto document = ParseJson(text_);
  ASSERT_TRUE(document.ok()) << document.status();
  const auto& object = document->get_object();
  const Message* message = schema_.FindMessage(json::View(object.at("apiVersion").as_string()),
                                               json::View(object.at("kind").as_string()));
  ASSERT_NE(message, nullptr);
  const auto canonical = Canonicalize(*message, *document);
  ASSERT_TRUE(canonical.ok()) << canonical.status();
  EXPECT_EQ(ToJson(*canonical), ToJson(*document));
}

INSTANTIATE_TEST_SUITE_P(Pairs, Golden, testing::ValuesIn(Pairs()), [](const auto& info) {
  std::string name = info.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); },
      '_');
  return name;
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Golden);

}  // namespace
}  // namespace kvplane::api
