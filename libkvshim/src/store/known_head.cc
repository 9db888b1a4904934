#include "store/known_head.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/logger.h"
#include "base/strings.h"

namespace kvshim::store {
namespace {

constexpr std::chrono::seconds kWriteEvery{1};

std::string ToHex(const log::Nonce& nonce) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : nonce) {
    text.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

bool FromHex(const std::string& text, log::Nonce& nonce) {
  if (text.size() != 2 * nonce.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return false;
    const int value = digit ? c - '0' : c - 'a' + 10;
    nonce[i / 2] = static_cast<char>(static_cast<unsigned char>(nonce[i / 2]) << 4 | value);
  }
  return true;
}

}  // namespace

KnownHead::KnownHead(const std::string& directory, uint64_t cluster_id) {
  if (directory.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  std::ostringstream name;
  name << "known-head-" << std::hex << cluster_id;
  path_ = (std::filesystem::path(directory) / name.str()).string();
  std::ifstream file(path_);
  Mark mark;
  std::string nonce;
  if (file >> mark.epoch >> mark.seq >> mark.revision >> nonce && FromHex(nonce, mark.nonce)) {
    mark_ = mark;
  } else if (file.is_open()) {
    base::Log(base::Level::kWarning, "the file of the known head cannot be read; it is made anew",
              {{"file", path_}});
  }
}

void KnownHead::Note(const log::Head& head) {
  if (base::Clock::Real().Now() - written_ >= kWriteEvery) Keep(head);
}

void KnownHead::Keep(const log::Head& head) {
  const Mark mark{head.epoch, head.seq, head.revision, head.nonce};
  if (path_.empty() || mark == mark_) return;
  written_ = base::Clock::Real().Now();
  const std::string aside = path_ + ".new";
  std::ofstream file(aside);
  file << mark.epoch << ' ' << mark.seq << ' ' << mark.revision << ' ' << ToHex(mark.nonce) << '\n';
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
