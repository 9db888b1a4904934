#include "store/peer_frames.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "log/chain.h"
#include "log/op.h"

namespace kvshim::store {
namespace {

// The answers of one frame as they come in, in whatever order.
class Collection {
 public:
  Collection(const WritesHead& head, std::function<void(std::string)> reply)
      : id_(head.id), answers_(head.count), left_(head.count), reply_(std::move(reply)) {}

  template <typename Response>
  void Add(size_t index, absl::StatusOr<Response> answer) {
    PeerWriter out;
    WriteAnswer(out, answer);
    answers_[index] = std::move(out.bytes());
    if (answer.ok()) {
      int64_t seen = revision_.load(std::memory_order_relaxed);
      while (seen < answer->revision && !revision_.compare_exchange_weak(seen, answer->revision)) {
      }
    }
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) Reply();
  }

 private:
  void Reply() {
    PeerWriter out;
    AnswersHead head{.id = id_, .revision = revision_.load()};
    out(FrameKind::kAnswers, head);
    for (const std::string& answer : answers_) out.bytes() += answer;
    reply_(std::move(out.bytes()));
  }

  const uint64_t id_;
  std::vector<std::string> answers_;
  std::atomic<size_t> left_;
  std::atomic<int64_t> revision_{0};
  const std::function<void(std::string)> reply_;
};

template <typename Response>
Callback<Response> Into(const std::shared_ptr<Collection>& collection, size_t index) {
  return [collection, index](absl::StatusOr<Response> answer) {
    collection->Add(index, std::move(answer));
  };
}

using Write = std::variant<PutRequest, DeleteRangeRequest, TxnRequest>;

bool ReadWrite(PeerReader& in, Write& write) {
  WriteKind kind{};
  in(kind);
  switch (kind) {
    case WriteKind::kPut:
      in(write.emplace<PutRequest>());
      break;
    case WriteKind::kDeleteRange:
      in(write.emplace<DeleteRangeRequest>());
      break;
    case WriteKind::kTxn:
      in(write.emplace<TxnRequest>());
      break;
    default:
      return false;
  }
  return in.ok();
}

}  // namespace

std::string FrameOf(FrameKind kind) {
  PeerWriter out;
  out(kind);
  return std::move(out.bytes());
}

std::string FrameOf(const Author& by, const log::Head& head, std::span<const KeyValue> rows,
                    std::span<const log::Op> ops) {
  PeerWriter out;
  size_t size = 256;
  for (const KeyValue& row : rows) size += row.memory();
  out.bytes().reserve(size);
  out(FrameKind::kBatch, by.writer, by.lineage.system, by.lineage.timeline, head.seq,
      log::AsView(head.nonce), head.epoch, head.revision, head.compact_revision, head.gc_floor,
      log::AsView(head.hash), log::EncodeOps(ops), static_cast<int64_t>(rows.size()));
  for (const KeyValue& row : rows) out(row);
  return std::move(out.bytes());
}

std::optional<PeerBatch> ReadBatch(PeerReader& in) {
  PeerBatch read;
  log::Head& head = read.batch.head;
  std::string_view nonce, hash, ops;
  int64_t rows = 0;
  in(read.by.writer, read.by.lineage.system, read.by.lineage.timeline, head.seq, nonce, head.epoch,
     head.revision, head.compact_revision, head.gc_floor, hash, ops, rows);
  if (!in.ok() || nonce.size() != head.nonce.size() || hash.size() != head.hash.size()) {
    return std::nullopt;
  }
  std::ranges::copy(nonce, head.nonce.begin());
  std::ranges::copy(hash, head.hash.begin());
  absl::StatusOr<std::vector<log::Op>> decoded = log::DecodeOps(ops);
  if (!decoded.ok()) return std::nullopt;
  read.batch.ops = *std::move(decoded);
  for (int64_t i = 0; in.ok() && i < rows; ++i) {
    KeyValue& row = read.batch.rows.emplace_back();
    in(row);
    if (!row) return std::nullopt;
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return read;
}

std::string FrameOf(const PeerCommit& commit) {
  PeerWriter out;
  out(FrameKind::kCommit, commit.seq, log::AsView(commit.nonce));
  return std::move(out.bytes());
}

std::optional<PeerCommit> ReadCommit(PeerReader& in) {
  PeerCommit commit;
  std::string_view nonce;
  in(commit.seq, nonce);
  if (!in.ok() || !in.at_end() || nonce.size() != commit.nonce.size()) return std::nullopt;
  std::ranges::copy(nonce, commit.nonce.begin());
  return commit;
}

bool ServeWrites(Store& store, PeerReader& in, std::function<void(std::string)> reply) {
  WritesHead head;
  in(head);
  std::vector<Write> writes;
  for (uint32_t i = 0; in.ok() && i < head.count; ++i) {
    if (!ReadWrite(in, writes.emplace_back())) return false;
  }
  if (!in.ok() || !in.at_end() || writes.empty()) return false;
  const auto collection = std::make_shared<Collection>(head, std::move(reply));
  for (size_t i = 0; i < writes.size(); ++i) {
    if (auto* put = std::get_if<PutRequest>(&writes[i])) {
      store.Put(std::move(*put), Into<PutResponse>(collection, i));
    } else if (auto* deletion = std::get_if<DeleteRangeRequest>(&writes[i])) {
      store.DeleteRange(std::move(*deletion), Into<DeleteRangeResponse>(collection, i));
    } else {
      store.Txn(std::get<TxnRequest>(std::move(writes[i])), Into<TxnResponse>(collection, i));
    }
  }
  return true;
}

}  // namespace kvshim::store
