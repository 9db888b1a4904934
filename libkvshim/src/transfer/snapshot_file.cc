#include "transfer/snapshot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "base/temporary_directory.h"
#include "transfer/etcd_client.h"
#include "transfer/source.h"
#include "transfer/target.h"

namespace kvshim::transfer {
namespace {

using base::Concat;
namespace fs = std::filesystem;

constexpr size_t kDigestBytes = 32;
constexpr uint64_t kSector = 512;  // what files and their digests are told apart by
constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr size_t kPieceBytes = size_t{1} << 20;

absl::Status SystemError(std::string_view what, const std::string& path) {
  return absl::UnavailableError(
      Concat(what, " ", path, ": ", std::generic_category().message(errno)));
}

absl::Status Foreign(const std::string& file) {
  return absl::FailedPreconditionError(
      Concat(file,
             " is no snapshot of kvshim. One of etcd is restored by etcdutl or etcdctl, and "
             "moved from the etcd that serves it by `kvshim migrate`"));
}

// SHA-256 of everything but the last 32 bytes, which are what it should be.
class TrailingDigest {
 public:
  TrailingDigest() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }

  // Returns what of the bytes given so far is certainly not the digest, and was not returned yet.
  std::string Take(std::string_view bytes) {
    held_.append(bytes);
    if (held_.size() <= kDigestBytes) return {};
    std::string body = held_.substr(0, held_.size() - kDigestBytes);
    held_.erase(0, body.size());
    EVP_DigestUpdate(context_.get(), body.data(), body.size());
    return body;
  }

  bool Matches() {
    std::string digest(kDigestBytes, '\0');
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return held_ == digest;
  }

 private:
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(),
                                                                         &EVP_MD_CTX_free};
  std::string held_;
};

// FILE.part: gone at the end of the scope unless it was given its name.
class PartialFile {
 public:
  explicit PartialFile(const std::string& file) : file_(file), path_(file + ".part") { Remove(); }
  ~PartialFile() { Remove(); }
  const std::string& path() const { return path_; }

  absl::Status Finish() {
    RETURN_IF_ERROR(Sync(path_, O_RDONLY));
    if (rename(path_.c_str(), file_.c_str()) != 0) return SystemError("renaming", path_);
    const std::string directory = fs::path(file_).parent_path().string();
    return Sync(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
  }

 private:
  static absl::Status Sync(const std::string& path, int flags) {
    const int descriptor = open(path.c_str(), flags | O_CLOEXEC);
    if (descriptor < 0) return SystemError("opening", path);
    const bool synced = fsync(descriptor) == 0;
    absl::Status status = synced ? absl::OkStatus() : SystemError("flushing", path);
    close(descriptor);
    return status;
  }

  void Remove() const {
    for (const char* suffix : {"", "-wal", "-shm", "-journal", ".lock"}) {
      std::error_code ignored;
      fs::remove(path_ + suffix, ignored);
    }
  }

  const std::string file_;
  const std::string path_;
};

// An empty file that only its owner may read: values may be secrets.
absl::Status CreatePrivate(const std::string& path) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return SystemError("making", path);
  close(descriptor);
  return absl::OkStatus();
}

// What the server streams, verified. kUnimplemented where it is no database of ours.
absl::Status Download(EtcdClient& client, const std::string& path) {
  RETURN_IF_ERROR(CreatePrivate(path));
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  TrailingDigest digest;
  bool first = true;
  RETURN_IF_ERROR(client.Snapshot([&](const std::string& blob) -> absl::Status {
    const std::string body = digest.Take(blob);
    if (body.empty()) return absl::OkStatus();
    if (std::exchange(first, false) && !body.starts_with(kMagic)) {
      return absl::UnimplementedError("a snapshot of another kind");
    }
    if (!out.write(body.data(), static_cast<std::streamsize>(body.size()))) {
      return SystemError("writing", path);
    }
    return absl::OkStatus();
  }));
  out.close();
  if (!out) return SystemError("writing", path);
  if (first || !digest.Matches()) {
    return absl::DataLossError(
        Concat(client.name(), ": the snapshot does not fit the SHA-256 that came with it"));
  }
  return absl::OkStatus();
}

// A copy of the file, which opening it cannot change, without the digest of a stream.
absl::Status CopySnapshot(const std::string& file, const std::string& to) {
  std::error_code error;
  const uint64_t size = fs::file_size(file, error);
  if (error) return absl::NotFoundError(Concat("cannot read ", file, ": ", error.message()));
  std::ifstream in(file, std::ios::binary);
  RETURN_IF_ERROR(CreatePrivate(to));
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  const bool digested = size % kSector == kDigestBytes;
  TrailingDigest digest;
  std::vector<char> piece(kPieceBytes);
  bool first = true;
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    std::string_view bytes(piece.data(), static_cast<size_t>(in.gcount()));
    if (std::exchange(first, false) && !bytes.starts_with(kMagic)) return Foreign(file);
    std::string body;
    if (digested) {
      body = digest.Take(bytes);
      bytes = body;
    }
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  if (in.bad()) return SystemError("reading", file);
  out.close();
  if (!out) return SystemError("writing", to);
  if (digested && !digest.Matches()) {
    return absl::DataLossError(Concat(file, " is damaged: it does not fit the SHA-256 at its end"));
  }
  return absl::OkStatus();
}

// A file of a snapshot, open as a source.
struct OpenFile {
  std::unique_ptr<base::TemporaryDirectory> directory;
  std::unique_ptr<Source> source;
};

absl::StatusOr<OpenFile> OpenSnapshot(const std::string& file, bool living_only) {
  OpenFile opened;
  const std::string parent = fs::path(file).parent_path().string();
  ASSIGN_OR_RETURN(opened.directory, base::TemporaryDirectory::Make(parent.empty() ? "." : parent));
  // The name stays the file's own in messages.
  const std::string copy =
      Concat(opened.directory->path(), "/", fs::path(file).filename().string());
  RETURN_IF_ERROR(CopySnapshot(file, copy));
  SourceOptions options{.living_only = living_only};
  auto source = OpenSource(copy, options);
  if (source.status().code() == absl::StatusCode::kFailedPrecondition) return Foreign(file);
  RETURN_IF_ERROR(source.status());
  opened.source = *std::move(source);
  return opened;
}

}  // namespace

absl::Status SaveSnapshot(const std::string& endpoint, const std::string& file,
                          const MigrationOptions& options) {
  PartialFile part(file);
  if (IsEtcd(endpoint)) {
    ASSIGN_OR_RETURN(const auto client, EtcdClient::Connect(endpoint, options.network));
    absl::Status downloaded = Download(*client, part.path());
    if (downloaded.ok()) return part.Finish();
    if (downloaded.code() != absl::StatusCode::kUnimplemented) return downloaded;
  }
  RETURN_IF_ERROR(Migrate(endpoint, part.path(), options).status());
  return part.Finish();
}

absl::StatusOr<Migration> RestoreSnapshot(const std::string& file, const std::string& to,
                                          const MigrationOptions& options) {
  ASSIGN_OR_RETURN(const OpenFile opened, OpenSnapshot(file, Keeps(to) == Digest::Of::kValues));
  MigrationOptions named = options;
  if (options.on_begin) {
    named.on_begin = [&](const std::string& /*copy*/, const std::string& target, bool resumed) {
      options.on_begin(Concat("the snapshot ", file), target, resumed);
    };
  }
  return Migrate(*opened.source, to, named);
}

absl::StatusOr<SnapshotInfo> InspectSnapshot(const std::string& file) {
  ASSIGN_OR_RETURN(const OpenFile opened, OpenSnapshot(file, false));
  ASSIGN_OR_RETURN(const Inventory inventory, opened.source->Look());
  Digest digest(Digest::Of::kVersions);
  RETURN_IF_ERROR(opened.source->Visit([&](const KeyValue& row) {
    digest.Add(row);
    return absl::OkStatus();
  }));
  digest.Add(inventory.leases);
  std::error_code ignored;
  return SnapshotInfo{.digest = digest.Text(),
                      .revision = inventory.revision,
                      .compact_revision = inventory.compact_revision,
                      .keys = inventory.keys,
                      .versions = inventory.rows,
                      .leases = static_cast<int64_t>(inventory.leases.size()),
                      .bytes = static_cast<int64_t>(fs::file_size(file, ignored))};
}

}  // namespace kvshim::transfer
