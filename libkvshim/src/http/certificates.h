// Certificates: the PEM files of a TLS listener, read again when they change.
//
// A change is taken over as a whole and only where it is sound: while a file is half written, or a
// key does not fit its certificate, the last good ones stay in use and the log says so.
//
// gRPC reads certificates from files by itself. It is given files in memory that always hold the
// last good ones.
//
// Thread safety: every method may be called from any thread.
//
//   ASSIGN_OR_RETURN(auto certificates, Certificates::Load({.cert_file = ..., .key_file = ...}));
//   certificates->Refresh();                     // now and then
//   auto context = certificates->context();      // for the next connection
#pragma once

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/mutex.h"

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
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // Looks at the files, at most once a second, and takes over what changed.
  void Refresh();

  // For a server's side of HTTP/1.1. Connections keep the one they began with.
  std::shared_ptr<boost::asio::ssl::context> context() const;

  // The files in memory, by paths of this process.
  std::string cert_path() const { return PathOf(0); }
  std::string key_path() const { return PathOf(1); }
  std::string ca_path() const { return files_.ca_file.empty() ? "" : PathOf(2); }

 private:
  struct Contents {
    std::string cert;
    std::string key;
    std::string ca;
    bool operator==(const Contents&) const = default;
  };

  explicit Certificates(CertificateFiles files) : files_(std::move(files)) {}

  std::string PathOf(size_t number) const;
  absl::StatusOr<Contents> Read() const;
  // What is wrong with them, or a context made of them.
  absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> Build(const Contents& contents) const;
  absl::Status Take(const Contents& contents) REQUIRES(mutex_);

  const CertificateFiles files_;
  std::array<int, 3> memory_{-1, -1, -1};  // file descriptors: certificate, key, authority

  mutable base::Mutex mutex_;
  std::chrono::steady_clock::time_point last_look_ GUARDED_BY(mutex_);
  Contents refused_ GUARDED_BY(mutex_);  // has been complained of
  Contents contents_ GUARDED_BY(mutex_);
  std::shared_ptr<boost::asio::ssl::context> context_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::http
