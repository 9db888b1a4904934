#include "command/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>

#include "base/temporary_directory.h"

namespace kvshim::command {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ArgumentsTest : public testing::Test {
 protected:
  ArgumentsTest() {
    command_->add_option(kConfigFile);
    command_->add_option("--name");
    command_->add_option("--names", names_);
    command_->add_flag("--verify", verify_);
    command_->add_flag("--skip", skip_);
  }
  std::string File(const std::string& content) {
    const std::string path = directory_->path() + "/arguments.conf";
    std::ofstream(path) << content;
    return path;
  }

  // Of its own: other tests of this file run at the same time.
  const std::unique_ptr<base::TemporaryDirectory> directory_ =
      base::TemporaryDirectory::Make("").value();
  std::string names_;
  bool verify_ = false;
  bool skip_ = false;
  CLI::App app_{"", "program"};
  CLI::App* command_ = app_.add_subcommand("serve");
};

TEST_F(ArgumentsTest, TheLineGoesBeforeTheEnvironmentAndThatBeforeTheFile) {
  setenv("ARGUMENTS_NAME", "environment", 1);
  setenv("ARGUMENTS_NAMES", "environment", 1);
  setenv("ARGUMENTS_NOTHING", "x", 1);
  std::vector<std::string> arguments{"--config-file",
                                     File("names = file\nverify: true\nname: file\n"), "--name=a"};
  EXPECT_THAT(AddEnvironment(*command_, "ARGUMENTS_", arguments), ElementsAre("ARGUMENTS_NOTHING"));
  const absl::Status added = AddConfigFile(*command_, arguments);
  EXPECT_TRUE(added.ok()) << added;
  arguments.erase(arguments.begin(), arguments.begin() + 2);
  EXPECT_THAT(arguments, ElementsAre("--name=a", "--names=environment", "--verify=true"));
  for (const char* one : {"ARGUMENTS_NAME", "ARGUMENTS_NAMES", "ARGUMENTS_NOTHING"}) unsetenv(one);
}

TEST_F(ArgumentsTest, SwitchesAreOnOrOff) {
  std::vector<std::string> arguments{
      "serve", "--config-file=" + File("verify: true\nskip: false\nnames: [a, b]\n")};
  ASSERT_TRUE(AddConfigFile(*command_, arguments).ok());
  app_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  EXPECT_TRUE(verify_);
  EXPECT_FALSE(skip_);
  EXPECT_EQ(names_, "a,b");
}

TEST_F(ArgumentsTest, ErrorsNameTheFileAndTheLine) {
  std::vector<std::string> arguments{"--config-file=" + File("name: a\nnothing: b\n")};
  EXPECT_THAT(std::string(AddConfigFile(*command_, arguments).message()),
              HasSubstr("arguments.conf: line 2: nothing is no setting; see program serve --help"));
  arguments = {"--config-file=/nowhere"};
  EXPECT_THAT(std::string(AddConfigFile(*command_, arguments).message()),
              HasSubstr("--config-file: cannot read /nowhere: No such file"));
}

}  // namespace
}  // namespace kvshim::command
