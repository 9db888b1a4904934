#include "sql/postgres/product.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvshim::sql::postgres {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Product, IsToldByWhatItSaysOfItself) {
  EXPECT_EQ(ProductOf("", "15.18 (Debian 15.18-0+deb12u1)"), Product::kPostgres);
  EXPECT_EQ(ProductOf("CockroachDB CCL v23.1.11", "13.0.0"), Product::kCockroach);
  EXPECT_EQ(ProductOf("", "11.2-YB-2.19.0.0-b0"), Product::kYugabyte);
}

TEST(Product, TablesAskForWhatItKnows) {
  EXPECT_THAT(TablesFor(Product::kPostgres), HasSubstr("PRIMARY KEY (rev, sub)"));
  EXPECT_THAT(TablesFor(Product::kPostgres), HasSubstr("SET STORAGE EXTERNAL"));
  EXPECT_THAT(TablesFor(Product::kYugabyte), HasSubstr("PRIMARY KEY (rev ASC, sub ASC)"));
  EXPECT_THAT(TablesFor(Product::kYugabyte), HasSubstr("PRIMARY KEY (seq ASC)"));
  for (const Product product : {Product::kCockroach, Product::kYugabyte}) {
    EXPECT_THAT(TablesFor(product), Not(HasSubstr("STORAGE")));
    EXPECT_THAT(TablesFor(product), Not(HasSubstr("fillfactor")));
  }
}

}  // namespace
}  // namespace kvshim::sql::postgres
