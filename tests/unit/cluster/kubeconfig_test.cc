#include "cluster/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvplane::cluster {
namespace {

TEST(Kubeconfig, IsReadBackAsItWasWritten) {
  const KubeconfigFields fields{.server = "https://127.0.0.1:6443",
                                .server_ca = "the authority\n",
                                .client = {.certificate = "a certificate", .key = "its key"}};
  const auto read = ReadKubeconfig(Kubeconfig(fields));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->server, fields.server);
  EXPECT_EQ(read->server_ca, fields.server_ca);
  EXPECT_EQ(read->client, fields.client);
}

TEST(Kubeconfig, WhatIsNoneIsRefusedByWhatItLacks) {
  EXPECT_THAT(std::string(ReadKubeconfig("server: https://a\n").status().message()),
              testing::HasSubstr("there is no certificate-authority-data: "));
}

}  // namespace
}  // namespace kvplane::cluster
