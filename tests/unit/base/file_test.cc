#include "base/file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/temporary_directory.h"

namespace kvshim::base {
namespace {

TEST(File, IsReadWhole) {
  const auto directory = TemporaryDirectory::Make("");
  ASSERT_TRUE(directory.ok());
  const std::string path = (*directory)->path() + "/file";
  const std::string text(100'000, 'x');
  std::ofstream(path) << text << std::string(1, '\0') << "end";
  const auto read = ReadFile(path);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, text + std::string(1, '\0') + "end");
}

TEST(File, ThatIsNoneIsAnErrorThatNamesIt) {
  const auto directory = TemporaryDirectory::Make("");
  ASSERT_TRUE(directory.ok());
  const auto missing = ReadFile((*directory)->path() + "/missing");
  EXPECT_TRUE(absl::IsNotFound(missing.status()));
  EXPECT_NE(missing.status().message().find("/missing: No such file"), std::string::npos);
  const auto folder = ReadFile((*directory)->path());
  EXPECT_TRUE(absl::IsFailedPrecondition(folder.status()));
  EXPECT_NE(folder.status().message().find("Is a directory"), std::string::npos);
}

}  // namespace
}  // namespace kvshim::base
