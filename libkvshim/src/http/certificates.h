// Certificates: the PEM files of a TLS listener, read again when they change.
//
// A change is taken over as a whole and only where it is sound: while a file is half written, or a
// key does not fit its certificate, the last good ones stay in use and the log says so.
//
// Thread safety: every method may be called from any thread.
//
//   ASSIGN_OR_RETURN(auto certificates, Certificates::Load({.cert_file = ..., .key_file = ...}));
//   certificates->Refresh();                     // now and then
//   auto context = certificates->context();      // for the next connection
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "http/tls_identity.h"

namespace kvshim::http {

struct CertificateFiles {
  std::string cert_file;
  std::string key_file;
  std::string ca_file;  // empty: clients need no certificate
};

class Certificates {
 public:
  // Errors name the flag and the file.
  static absl::StatusOr<std::unique_ptr<Certificates>> Load(const CertificateFiles& files);
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // Looks at the files, at most once a second, and takes over what changed.
  void Refresh();

  // For a server's side of a connection, which keeps the one it began with.
  std::shared_ptr<boost::asio::ssl::context> context() const;

  // The same as texts; another object whenever they changed.
  std::shared_ptr<const TlsIdentity> identity() const;

 private:
  explicit Certificates(CertificateFiles files) : files_(std::move(files)) {}

  absl::StatusOr<TlsIdentity> Read() const;
  // What is wrong with them, or a context made of them.
  absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> Build(
      const TlsIdentity& contents) const;
  absl::Status Take(TlsIdentity contents) REQUIRES(mutex_);

  const CertificateFiles files_;

  mutable base::Mutex mutex_;
  std::chrono::steady_clock::time_point last_look_ GUARDED_BY(mutex_);
  TlsIdentity refused_ GUARDED_BY(mutex_);  // has been complained of
  std::shared_ptr<const TlsIdentity> identity_ GUARDED_BY(mutex_);
  std::shared_ptr<boost::asio::ssl::context> context_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::http
