#include "recorder.h"

#include <algorithm>

namespace kvshim::bench {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{500};

double Seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

void Recorder::Begin() {
  latencies_.Clear();
  counts_.clear();
  begin_ = told_ = std::chrono::steady_clock::now();
  told_operations_ = 0;
  counting_ = true;
}

void Recorder::Add(std::chrono::nanoseconds latency, std::chrono::steady_clock::time_point now) {
  if (!counting_) return;
  latencies_.Add(latency);
  const auto moment = static_cast<size_t>(std::max<int64_t>(0, (now - begin_) / kMoment));
  if (moment >= counts_.size()) counts_.resize(moment + 1);
  Count& count = counts_[moment];
  ++count.operations;
  count.worst = std::max(count.worst, latency);
  if (on_progress_ && now - told_ >= kProgressInterval) Tell(now);
}

void Recorder::Tell(std::chrono::steady_clock::time_point now) {
  on_progress_(Seconds(now - begin_),
               static_cast<double>(operations() - told_operations_) / Seconds(now - told_));
  told_ = now;
  told_operations_ = operations();
}

std::vector<Moment> Recorder::moments() const {
  std::vector<Moment> moments;
  for (const Count& count : counts_) {
    moments.push_back({static_cast<double>(count.operations) / Seconds(kMoment),
                       static_cast<double>(count.worst.count()) / 1000});
  }
  return moments;
}

}  // namespace kvshim::bench
