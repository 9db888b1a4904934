#include "store/known_head.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/logger.h"
#include "log/chain.h"

namespace kvshim::store {
namespace {

constexpr std::chrono::seconds kWriteEvery{1};
// A little more than the database is left alone at most.
constexpr std::chrono::seconds kFresh{3};

}  // namespace

KnownHead::KnownHead(const std::string& directory, uint64_t cluster_id,
                     std::function<sql::Lineage()> lineage)
    : lineage_(std::move(lineage)) {
  if (directory.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  std::ostringstream name;
  name << "known-head-" << std::hex << cluster_id;
  path_ = (std::filesystem::path(directory) / name.str()).string();
  std::ifstream file(path_);
  Mark mark;
  std::string nonce;
  if (file >> mark.epoch >> mark.seq >> mark.revision >> nonce && log::FromHex(nonce)) {
    mark.nonce = *log::FromHex(nonce);
    // Not there where it was not known, and from releases before this.
    if (!(file >> mark.lineage.system >> mark.lineage.timeline)) mark.lineage = {};
    mark_ = mark;
  } else if (file.is_open()) {
    base::Log(base::Level::kWarning, "the file of the known head cannot be read; it is made anew",
              {{"file", path_}});
  }
}

void KnownHead::Note(const log::Head& head) {
  const base::TimePoint now = base::Clock::Real().Now();
  noted_.store(now, std::memory_order_relaxed);
  if (now - written_ >= kWriteEvery) Keep(head);
}

bool KnownHead::IsFresh() const {
  return base::Clock::Real().Now() - noted_.load(std::memory_order_relaxed) < kFresh;
}

void KnownHead::Keep(const log::Head& head) {
  const Mark mark{head.epoch, head.seq, head.revision, head.nonce, lineage_()};
  if (path_.empty() || mark == mark_) return;
  written_ = base::Clock::Real().Now();
  const std::string aside = path_ + ".new";
  std::ofstream file(aside);
  file << mark.epoch << ' ' << mark.seq << ' ' << mark.revision << ' ' << log::ToHex(mark.nonce);
  if (!mark.lineage.system.empty()) {
    file << ' ' << mark.lineage.system << ' ' << mark.lineage.timeline;
  }
  file << '\n';
  file.close();
  if (file && std::rename(aside.c_str(), path_.c_str()) == 0) {
    mark_ = mark;
    return;
  }
  base::Log(base::Level::kWarning,
            "cannot keep how far the history goes; after a restart this server would not notice "
            "that the database has lost commits",
            {{"file", path_}});
  path_.clear();
}

}  // namespace kvshim::store
