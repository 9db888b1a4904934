#include <cstdint>
#include <memory>
#include <string>

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

// Appends pods to a log.
class Appender {
 public:
  explicit Appender(const std::string& dsn)
      : log_(Must(log::Log::Open(Must(sql::Dsn::Parse(dsn)), {}))), head_(Must(log_->ReadHead())) {}

  void Append(int64_t rows) {
    log::Batch batch;
    for (int64_t i = 1; i <= rows; ++i) {
      batch.rows.push_back(KeyValue::Make({.key = micro::PodKey(head_.revision + i),
                                           .value = value_,
                                           .create_revision = head_.revision + i,
                                           .mod_revision = head_.revision + i,
                                           .version = 1}));
    }
    const log::AppendResult result = log_->Append(head_, batch);
    Must(result.status);
    head_ = result.head;
  }

 private:
  const std::unique_ptr<log::Log> log_;
  const std::string value_ = micro::PodValue(128);
  log::Head head_;
};

}  // namespace

// Nothing is flushed: the instructions are the same.
void MeasureLog() {
  const auto directory = Must(base::TemporaryDirectory::Make(""));
  const std::string dsn = base::Concat("sqlite://", directory->path(), "/state.db?synchronous=off");
  constexpr int64_t kRounds = 16;
  constexpr int64_t kTogether = 64;
  constexpr int64_t kLoaded = 10'000;
  {
    Appender appender(dsn);
    Measure("append-row", kRounds * kTogether, [&] {
      for (int64_t i = 0; i < kRounds; ++i) appender.Append(kTogether);
    });
    Measure("append-alone", kRounds, [&] {
      for (int64_t i = 0; i < kRounds; ++i) appender.Append(1);
    });
    appender.Append(kLoaded - 2 * kRounds * (kTogether + 1));
  }
  std::unique_ptr<store::Engine> engine = Must(store::Engine::Open(dsn, {}));
  Measure("load-row", kLoaded, [&] {
    engine.reset();
    engine = Must(store::Engine::Open(dsn, {}));
  });
}

}  // namespace kvshim::guard
