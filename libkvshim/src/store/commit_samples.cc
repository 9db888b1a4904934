#include "store/commit_samples.h"

#include <algorithm>
#include <vector>

namespace kvshim::store {

void CommitSamples::Add(const sql::CommitSample& sample) {
  base::MutexLock lock(mutex_);
  samples_[added_++ % samples_.size()] = {static_cast<double>(sample.rows),
                                          std::chrono::duration<double>(sample.total).count()};
}

CommitSamples::Summary CommitSamples::Summarize() const {
  std::vector<double> seconds;
  Summary summary;
  {
    base::MutexLock lock(mutex_);
    const size_t count = std::min(added_, samples_.size());
    for (size_t i = 0; i < count; ++i) {
      summary.rows_mean += samples_[i].rows / static_cast<double>(count);
      seconds.push_back(samples_[i].seconds);
    }
  }
  if (seconds.empty()) return summary;
  std::sort(seconds.begin(), seconds.end());
  summary.seconds_p50 = seconds[seconds.size() / 2];
  summary.seconds_p99 = seconds[seconds.size() * 99 / 100];
  return summary;
}

}  // namespace kvshim::store
