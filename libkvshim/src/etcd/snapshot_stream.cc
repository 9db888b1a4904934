#include "etcd/snapshot_stream.h"

#include <openssl/evp.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "etcd/unary.h"

namespace kvshim::etcd {
namespace {

constexpr std::chrono::seconds kPatience{30};

class Sha256 {
 public:
  Sha256() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }

  void Add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string Finish() {
    std::string digest(32, '\0');
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(),
                                                                   &EVP_MD_CTX_free};
};

}  // namespace

class SnapshotStream::Pieces : public std::enable_shared_from_this<Pieces> {
 public:
  explicit Pieces(const ServiceContext& context) : context_(context) {}

  void Open(std::shared_ptr<rpc::Stream> stream) { stream_ = std::move(stream); }

  void Start() {
    context_.store.Snapshot(
        [self = shared_from_this()](const Store::SnapshotPiece& piece) {
          return self->Send(piece.bytes, piece.remaining);
        },
        [self = shared_from_this()](absl::StatusOr<bool> done) { self->Finish(done.status()); });
  }

  void Wake(bool over) {
    base::MutexLock lock(mutex_);
    over_ = over_ || over;
    changed_.NotifyAll();
  }

 private:
  // False where nobody takes it.
  bool Send(std::string_view bytes, uint64_t remaining) {
    sha_.Add(bytes);
    SendMessage(bytes, remaining);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    base::MutexLock lock(mutex_);
    while (!over_ && stream_->is_backed_up()) {
      if (!changed_.WaitUntil(mutex_, deadline)) return false;
    }
    return !over_;
  }

  void Finish(const absl::Status& status) {
    if (status.ok()) SendMessage(sha_.Finish(), 0);
    stream_->Finish(status.code() == absl::StatusCode::kCancelled
                        ? absl::DeadlineExceededError("the snapshot was not taken in time")
                        : status);
  }

  void SendMessage(std::string_view blob, uint64_t remaining) {
    etcdserverpb::SnapshotResponse response;
    context_.Fill(*response.mutable_header(), context_.store.revision());
    response.set_remaining_bytes(remaining);
    response.set_blob(blob.data(), blob.size());
    response.set_version(context_.version);
    stream_->Send(Serialize(response));
  }

  const ServiceContext& context_;
  std::shared_ptr<rpc::Stream> stream_;
  Sha256 sha_;
  base::Mutex mutex_;
  base::Condition changed_;
  bool over_ GUARDED_BY(mutex_) = false;
};

SnapshotStream::SnapshotStream(const ServiceContext& context)
    : pieces_(std::make_shared<Pieces>(context)) {}

void SnapshotStream::OnOpen(std::shared_ptr<rpc::Stream> stream) {
  pieces_->Open(std::move(stream));
}
void SnapshotStream::OnMessage(rpc::Payload /*message*/) { pieces_->Start(); }
void SnapshotStream::OnDrained() { pieces_->Wake(false); }
void SnapshotStream::OnDone() { pieces_->Wake(true); }

}  // namespace kvshim::etcd
