#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "base/temporary_directory.h"
#include "guard/driver/measure.h"
#include "guard/driver/operations.h"
#include "log/log.h"
#include "micro/must.h"
#include "micro/pods.h"
#include "store/engine.h"

namespace kvshim::guard {
namespace {

using micro::Must;

// Appends batches of pods to a log, made beforehand.
class Appender {
 public:
  explicit Appender(const std::string& dsn)
      : log_(Must(log::Log::Open(Must(sql::Dsn::Parse(dsn)), {}))),
        head_(Must(log_->ReadHead())),
        made_(head_.revision) {}

  void Make(int64_t batches, int64_t rows) {
    for (; batches > 0; --batches) {
      log::Batch& batch = batches_.emplace_back();
      for (int64_t i = 0; i < rows; ++i) {
        ++made_;
        batch.rows.push_back(KeyValue::Make({.key = micro::PodKey(made_),
                                             .value = value_,
                                             .create_revision = made_,
                                             .mod_revision = made_,
                                             .version = 1}));
      }
    }
  }
  void Append(int64_t batches) {
    for (; batches > 0; --batches) {
      const log::AppendResult result = log_->Append(head_, batches_[next_++]);
      Must(result.status);
      head_ = result.head;
    }
  }

 private:
  const std::unique_ptr<log::Log> log_;
  const std::string value_ = micro::PodValue(128);
  log::Head head_;
  int64_t made_;  // the revision that the batches come to
  std::vector<log::Batch> batches_;
  size_t next_ = 0;
};

}  // namespace

// Nothing is flushed: the instructions are the same.
void MeasureLog() {
  const auto directory = Must(base::TemporaryDirectory::Make(""));
  const std::string dsn = base::Concat("sqlite://", directory->path(), "/state.db?synchronous=off");
  constexpr int64_t kRounds = 16;
  constexpr int64_t kAlone = 64;  // of these commits one writes for all (sql/sqlite/batch_tail.h)
  constexpr int64_t kTogether = 64;
  constexpr int64_t kLoaded = 10'000;
  {
    Appender appender(dsn);
    appender.Make(2 * kRounds, kTogether);
    Measure("append-row", kRounds * kTogether, [&] { appender.Append(kRounds); });
    appender.Make(2 * kAlone, 1);
    Measure("append-alone", kAlone, [&] { appender.Append(kAlone); });
    appender.Make(1, kLoaded - 2 * (kRounds * kTogether + kAlone));
    appender.Append(1);
  }
  std::unique_ptr<store::Engine> engine = Must(store::Engine::Open(dsn, {}));
  Measure("load-row", kLoaded, [&] {
    engine.reset();
    engine = Must(store::Engine::Open(dsn, {}));
  });
}

}  // namespace kvshim::guard
