// What servers of one database tell each other over a link (etcd/peer_link.h), each in a frame that
// begins with its kind; an empty one is a sign of life:
//
//   writes   from the server that dialled: requests that the other is to commit
//   answers  what became of them, all of one frame's at once
//   batch    a batch that the other is having committed: not durable yet, perhaps never
//   commit   the batch that was told of last is durable
//   bye      it is going to stop: what it was asked for is still answered, nothing more is taken
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kvshim/store.h"
#include "log/log.h"
#include "sql/lineage.h"
#include "store/peer_codec.h"

namespace kvshim::store {

enum class FrameKind : uint8_t { kWrites = 1, kAnswers = 2, kBatch = 3, kBye = 4, kCommit = 5 };
enum class WriteKind : uint8_t { kPut = 1, kDeleteRange = 2, kTxn = 3 };

inline WriteKind KindOf(const PutRequest&) { return WriteKind::kPut; }
inline WriteKind KindOf(const DeleteRangeRequest&) { return WriteKind::kDeleteRange; }
inline WriteKind KindOf(const TxnRequest&) { return WriteKind::kTxn; }

std::string FrameOf(FrameKind kind);

// A frame of writes: FrameKind, `id`, how many, the requests.
struct WritesHead {
  uint64_t id = 0;
  uint32_t count = 0;
};
// The answer to it: FrameKind, `id`, the newest revision that one of the answers speaks of, then
// the answers in the order of the requests.
struct AnswersHead {
  uint64_t id = 0;
  int64_t revision = 0;
};
template <typename Archive>
void Fields(Archive& a, WritesHead& m) {
  a(m.id, m.count);
}
template <typename Archive>
void Fields(Archive& a, AnswersHead& m) {
  a(m.id, m.revision);
}

// One answer.
template <typename Response>
void WriteAnswer(PeerWriter& out, absl::StatusOr<Response>& answer) {
  out(static_cast<uint8_t>(answer.status().code()));
  if (answer.ok()) return out(*answer);
  const absl::string_view why = answer.status().message();
  out(std::string_view(why.data(), why.size()));
}
template <typename Response>
void ReadAnswer(PeerReader& in, absl::StatusOr<Response>& answer) {
  uint8_t code = 0;
  in(code);
  if (code == 0) {
    Response response;
    in(response);
    answer = std::move(response);
  } else {
    std::string why;
    in(why);
    answer = absl::Status(static_cast<absl::StatusCode>(code), why);
  }
  if (!in.ok()) answer = absl::InternalError("another server's answer cannot be read");
}

// Who commits a batch, and on which database server.
struct Author {
  int64_t writer = 0;
  sql::Lineage lineage;
};
struct PeerBatch {
  Author by;
  log::CommittedBatch batch;
  // The head that it was found to follow; nullopt: nobody has looked yet.
  std::optional<log::Head> follows;
};
std::string FrameOf(const Author& by, const log::Head& head, std::span<const KeyValue> rows,
                    std::span<const log::Op> ops);
std::optional<PeerBatch> ReadBatch(PeerReader& in);

// Which batch is durable: FrameKind, its seq, its nonce.
struct PeerCommit {
  int64_t seq = 0;
  log::Nonce nonce{};
};
std::string FrameOf(const PeerCommit& commit);
std::optional<PeerCommit> ReadCommit(PeerReader& in);

// Has `store` carry out the writes of a frame, and calls `reply` with the frame that answers it;
// on any thread. False, without a reply, where the frame cannot be read.
bool ServeWrites(Store& store, PeerReader& in, std::function<void(std::string)> reply);

}  // namespace kvshim::store
