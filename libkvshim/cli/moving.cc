#include "moving.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>

#include "base/clock.h"
#include "command/quantity.h"

namespace kvshim::cli {
namespace {

// A statement that looks at all keys takes its time.
constexpr std::chrono::minutes kStatementTimeout{5};

// Lines at a terminal replace each other; in a log they come once a second.
class ProgressLine {
 public:
  void Begin(const std::string& from, const std::string& to, bool resumed) {
    std::cerr << (resumed ? "going on: " : "") << from << " -> " << to << std::endl;
  }

  void Show(const transfer::Progress& progress) {
    const base::TimePoint now = base::Clock::Real().Now();
    const bool begins = progress.phase != phase_ || !shown_;
    const bool last = progress.rows == progress.total;
    if (begins) {
      phase_ = progress.phase;
      begun_ = now;
    } else if (!last && now - printed_ < std::chrono::seconds(1)) {
      return;
    }
    shown_ = true;
    printed_ = now;
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const auto rate = [&](int64_t count) {
      return seconds > 0 ? static_cast<int64_t>(static_cast<double>(count) / seconds) : 0;
    };
    const int64_t percent = progress.total > 0 ? 100 * progress.rows / progress.total : 100;
    const bool terminal = isatty(STDERR_FILENO) != 0;
    std::cerr << (terminal ? "\r\033[K" : "")
              << (progress.phase == transfer::Progress::Phase::kCopying ? "copying: "
                                                                        : "reading back: ")
              << percent << " %, " << progress.rows << " of " << progress.total << " versions, "
              << command::FormatSize(progress.bytes) << ", " << rate(progress.rows) << "/s, "
              << command::FormatSize(rate(progress.bytes)) << "/s"
              << (terminal && !last ? "" : "\n") << std::flush;
  }

 private:
  transfer::Progress::Phase phase_{};
  bool shown_ = false;
  base::TimePoint begun_{};
  base::TimePoint printed_{};
};

}  // namespace

void DeclareNetworkFlags(CLI::App& command, NetworkSettings& settings) {
  command.add_option("--ca-file", settings.ca_file, "PEM authority of the servers' certificates")
      ->type_name("FILE");
  command.add_option("--cert-file", settings.cert_file, "PEM certificate to show to the servers")
      ->type_name("FILE");
  command.add_option("--key-file", settings.key_file, "PEM private key of --cert-file")
      ->type_name("FILE");
  command.add_flag("--skip-verify", settings.skip_verify,
                   "Encrypt, but take any certificate of the servers");
}

transfer::MigrationOptions ShowingProgress(const NetworkSettings& network, bool full_ttl) {
  const auto line = std::make_shared<ProgressLine>();
  return {.network = {.ca_file = network.ca_file,
                      .cert_file = network.cert_file,
                      .key_file = network.key_file,
                      .skip_verify = network.skip_verify,
                      .timeout = kStatementTimeout},
          .full_ttl = full_ttl,
          .on_progress = [line](const transfer::Progress& progress) { line->Show(progress); },
          .on_begin = [line](const std::string& from, const std::string& to,
                             bool resumed) { line->Begin(from, to, resumed); }};
}

void Print(const transfer::Migration& done) {
  std::cout << done.inventory.keys << " keys, " << done.inventory.rows << " versions, "
            << command::FormatSize(done.bytes) << ", " << done.inventory.leases.size()
            << " leases, revision " << done.inventory.revision << "\n"
            << "source: " << done.source.rows() << " rows, sha256 " << done.source.Text() << "\n"
            << "target: " << done.target.rows() << " rows, sha256 " << done.target.Text() << "\n"
            << "verified: they are the same" << std::endl;
}

}  // namespace kvshim::cli
