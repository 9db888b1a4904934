#include "command/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "command/manual.h"

namespace kvshim::command {
namespace {

using testing::HasSubstr;

class CompletionTest : public testing::Test {
 protected:
  CompletionTest() {
    app_.add_subcommand("serve", "Serve it's API")->add_option("--endpoint", "The database");
    app_.get_subcommand("serve")->add_option("--ca-file", "An authority")->type_name("FILE");
    CLI::App* snapshot = app_.add_subcommand("snapshot", "Snapshots");
    snapshot->add_subcommand("save", "Save one")->add_flag("--quick", quick_, "Save it soon");
  }

  // What bash itself offers for the last of the words.
  std::string Offered(const std::string& words) {
    std::string path = testing::TempDir() + "/completion.XXXXXX";
    close(mkstemp(path.data()));
    std::ofstream(path) << CompletionScript(app_, "bash") << "COMP_WORDS=(" << words << ")\n"
                        << "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_tool\n"
                        << "echo \"${COMPREPLY[@]}\"\n";
    FILE* const bash = popen(("bash --norc " + path + " 2>&1").c_str(), "r");
    std::string said;
    for (int c = std::fgetc(bash); c != EOF; c = std::fgetc(bash)) said.push_back(char(c));
    EXPECT_EQ(pclose(bash), 0);
    std::filesystem::remove(path);
    return said;
  }

  bool quick_ = false;
  CLI::App app_{"A tool", "tool"};
};

TEST_F(CompletionTest, BashOffersSubcommandsAndTheirFlags) {
  EXPECT_EQ(Offered("tool s"), "serve snapshot\n");
  EXPECT_EQ(Offered("tool serve --e"), "--endpoint\n");
  EXPECT_EQ(Offered("tool snapshot ''"), "save --help\n");
  EXPECT_EQ(Offered("tool snapshot save --q"), "--quick\n");
  EXPECT_EQ(Offered("tool serve --q"), "\n");
}

TEST_F(CompletionTest, BashOffersFilesBehindFlagsThatTakeThem) {
  EXPECT_EQ(Offered("tool serve --ca-file /bi"), "/bin\n");
  EXPECT_EQ(Offered("tool serve --ca-file = /bi"), "/bin\n");
}

TEST_F(CompletionTest, TheOtherShellsAreToldTheSame) {
  EXPECT_THAT(CompletionScript(app_, "zsh"), HasSubstr("#compdef tool\n"));
  const std::string fish = CompletionScript(app_, "fish");
  EXPECT_THAT(fish, HasSubstr("-a serve -d 'Serve it'\\''s API'\n"));
  EXPECT_THAT(fish, HasSubstr("complete -c tool -n '__fish_seen_subcommand_from serve' -l ca-file "
                              "-r -F -d 'An authority'\n"));
  EXPECT_THAT(fish, HasSubstr("'__fish_seen_subcommand_from snapshot; and "
                              "__fish_seen_subcommand_from save' -l quick -d"));
}

TEST_F(CompletionTest, TheManualHasEveryFlag) {
  const std::string page = ManualPage(app_, "TOOL_");
  EXPECT_THAT(page, HasSubstr(".TH TOOL 1\n"));
  EXPECT_THAT(page, HasSubstr(".SS snapshot save\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-ca\\-file\\fR \\fIFILE\\fR\nAn authority\n"));
  EXPECT_THAT(page, HasSubstr("TOOL_"));
}

}  // namespace
}  // namespace kvshim::command
