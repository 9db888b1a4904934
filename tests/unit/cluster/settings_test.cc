#include "cluster/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvplane::cluster {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string Reason(const ClusterSettings& settings) {
  return std::string(Complete(settings).status().message());
}

TEST(ClusterSettings, DnsIsTheTenthServiceAddress) {
  const auto settings = Complete({});
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->cluster_dns, "10.43.0.10");
  EXPECT_EQ(*settings->ServiceAddress(1), "10.43.0.1");
}

TEST(ClusterSettings, AddressesAreCountedAcrossBytesAndFamilies) {
  EXPECT_EQ(*ClusterSettings{.service_cidr = "10.43.0.0/16"}.ServiceAddress(300), "10.43.1.44");
  EXPECT_EQ(*ClusterSettings{.service_cidr = "10.43.7.9/16"}.ServiceAddress(1), "10.43.0.1");
  EXPECT_EQ(*ClusterSettings{.service_cidr = "fd00:43::/112"}.ServiceAddress(10), "fd00:43::a");
}

TEST(ClusterSettings, ErrorsNameTheFlag) {
  EXPECT_THAT(Reason({.cluster_cidr = "10.42.0.0"}), StartsWith("--cluster-cidr"));
  EXPECT_THAT(Reason({.cluster_cidr = "10.42.0.0/33"}), StartsWith("--cluster-cidr"));
  EXPECT_THAT(Reason({.service_cidr = "10.43.0.0/30"}), HasSubstr("too small"));
  EXPECT_THAT(Reason({.service_cidr = "10.42.3.0/24"}), HasSubstr("overlaps"));
  EXPECT_THAT(Reason({.cluster_dns = "10.44.0.10"}), HasSubstr("is not in --service-cidr"));
  EXPECT_THAT(Reason({.cluster_dns = "dns"}), HasSubstr("is no IP address"));
  EXPECT_THAT(Reason({.cluster_domain = "Not a domain"}), StartsWith("--cluster-domain"));
}

TEST(ClusterSettings, DisagreementNamesTheFlagAndWhatToGive) {
  const ClusterSettings founded = *Complete({});
  EXPECT_TRUE(Agree(founded, founded).ok());
  const ClusterSettings ours = *Complete({.cluster_domain = "other.local"});
  EXPECT_THAT(std::string(Agree(ours, founded).message()),
              HasSubstr("give --cluster-domain cluster.local"));
}

}  // namespace
}  // namespace kvplane::cluster
