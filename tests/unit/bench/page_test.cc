#include "bench/load/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvshim::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Page, HasHeadingsTablesAndPlots) {
  const std::string page = Page("a & b",
                                "Numbers <here>.\n\n### Goals\n\n| what | x |\n|---|---:|\n"
                                "| get | **2 ×** (1–3) |\n\nThe end.\n",
                                {{"plot", "<svg></svg>"}});
  EXPECT_THAT(page, HasSubstr("<h1>a &amp; b</h1>"));
  EXPECT_THAT(page, HasSubstr("<p>Numbers &lt;here&gt;.</p>\n<h2>Goals</h2>"));
  EXPECT_THAT(page, HasSubstr("<tr><th> what </th><th> x </th></tr>\n<tr><td> get </td>"
                              "<td> <b>2 ×</b> (1–3) </td></tr>\n</table></div>\n<p>The end.</p>"));
  EXPECT_THAT(page, HasSubstr("<svg></svg>"));
  EXPECT_THAT(page, Not(HasSubstr("---")));
}

}  // namespace
}  // namespace kvshim::bench
