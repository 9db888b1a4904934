#include "http/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "certificate_authority.h"

namespace kvshim::http {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ErrorOf(const CertificateFiles& files) {
  const auto loaded = Certificates::Load(files);
  return loaded.ok() ? "" : std::string(loaded.status().message());
}

TEST(Certificates, WrongFilesAreRefusedByFlagAndName) {
  const CertificateAuthority authority("authority");
  const testing::TemporaryDirectory directory;
  const CertificateFiles good = authority.IssueFiles(directory, "good");
  const CertificateFiles other = authority.IssueFiles(directory, "other");
  const std::string missing = directory.File("missing");
  const std::string garbage = directory.File("garbage");
  const std::string empty = directory.File("empty");
  WriteFile(garbage, "garbage");
  WriteFile(empty, "");
  EXPECT_EQ(ErrorOf(good), "");
  for (const std::string& wrong : {missing, garbage, empty, good.key_file}) {
    EXPECT_THAT(ErrorOf({wrong, good.key_file, ""}),
                AllOf(HasSubstr("--server-cert-file"), HasSubstr(wrong)));
  }
  for (const std::string& wrong : {missing, garbage, empty, good.cert_file}) {
    EXPECT_THAT(ErrorOf({good.cert_file, wrong, ""}),
                AllOf(HasSubstr("--server-key-file"), HasSubstr(wrong)));
  }
  for (const std::string& wrong : {missing, garbage, empty}) {
    EXPECT_THAT(ErrorOf({good.cert_file, good.key_file, wrong}),
                AllOf(HasSubstr("--trusted-ca-file"), HasSubstr(wrong)));
  }
  EXPECT_THAT(ErrorOf({good.cert_file, other.key_file, ""}),
              AllOf(HasSubstr("--server-key-file"), HasSubstr(other.key_file),
                    HasSubstr("not the key of the certificate")));
}

// Refresh looks once a second at most: this waits for its next look.
bool RefreshesTo(Certificates& certificates, const std::string& cert) {
  for (int i = 0; i < 100; ++i) {
    certificates.Refresh();
    if (certificates.identity()->cert == cert) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

TEST(Certificates, SoundChangesAreTakenOverAndUnsoundOnesAreNot) {
  const CertificateAuthority authority("authority");
  const testing::TemporaryDirectory directory;
  const CertificateFiles files = authority.IssueFiles(directory, "server");
  const auto loaded = Certificates::Load(files);
  ASSERT_TRUE(loaded.ok());
  Certificates& certificates = **loaded;
  const auto first = certificates.identity();
  const auto first_context = certificates.context();
  certificates.Refresh();
  EXPECT_EQ(certificates.identity(), first) << "unchanged files make nothing new";

  const Issued second = authority.Issue("server");
  WriteFile(files.cert_file, second.cert);  // the old key does not fit
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1100);
  while (std::chrono::steady_clock::now() < until) {
    certificates.Refresh();
    ASSERT_EQ(certificates.identity(), first);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  WriteFile(files.key_file, second.key);
  EXPECT_TRUE(RefreshesTo(certificates, second.cert));
  EXPECT_EQ(certificates.identity()->key, second.key);
  EXPECT_NE(certificates.context(), first_context);

  const auto before = certificates.identity();
  std::filesystem::remove(files.cert_file);
  certificates.Refresh();
  EXPECT_EQ(certificates.identity(), before);
  const Issued third = authority.Issue("server");
  WriteFile(files.key_file, third.key);
  WriteFile(files.cert_file, third.cert);
  EXPECT_TRUE(RefreshesTo(certificates, third.cert));
}

}  // namespace
}  // namespace kvshim::http
