#include <filesystem>
#include <iostream>

#include "base/strings.h"
#include "bench/cluster/cluster_comparison.h"
#include "bench/cluster/cluster_report.h"
#include "subcommands.h"

namespace kvshim::cli {
namespace {

std::vector<std::string> WorkloadNames() {
  std::vector<std::string> names;
  for (const bench::ClusterWorkload& workload : bench::ClusterWorkloads()) {
    names.push_back(workload.about.name);
  }
  return names;
}

std::string WorkloadList() {
  std::string text = "Workloads:\n";
  for (const bench::ClusterWorkload& workload : bench::ClusterWorkloads()) {
    const bench::Workload& about = workload.about;
    text += base::Concat("  ", about.name, std::string(24 - about.name.size(), ' '),
                         about.description, "\n");
  }
  return text;
}

void AddCount(CLI::App& command, const std::string& name, int& count, int most,
              const std::string& description) {
  command.add_option(name, count, description)
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(1, most).description(""));
}

int Fail(const absl::Status& status) {
  std::cerr << "kvshim bench cluster: " << base::FromAbsl(status.message()) << '\n';
  return 1;
}

}  // namespace

void DeclareClusterFlags(CLI::App& command, bench::ClusterOptions& options) {
  AddCount(command, "--rounds", options.rounds, 1000, "How often all is done");
  AddCount(command, "--clients", options.load.clients, 1000, "Requests under way at once");
  AddCount(command, "--listers", options.load.listers, 1000, "Lists under way at once");
  AddCount(command, "--pods", options.load.pods, 1'000'000, "Pods that are there meanwhile");
  AddCount(command, "--watchers", options.load.watchers, 10'000, "Of the watches");
  command
      .add_option_function<double>(
          "--seconds",
          [&options](const double& seconds) {
            options.load.duration = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
          },
          "How long each measurement takes, after 0.3 s of warming up")
      ->default_str("1")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 3600.0).description(""));
  command.add_option("--workloads", options.workloads, "Which to run; all where not given")
      ->type_name("NAME,...")
      ->check(CLI::IsMember(WorkloadNames()).description(""))
      ->delimiter(',');
  command.add_option("--kvplane", options.kvplane, "The kvplane program")
      ->default_str("kvplane beside this program")
      ->type_name("PROGRAM");
  command.add_option("--kube-apiserver", options.kube_apiserver, "The kube-apiserver program")
      ->capture_default_str()
      ->type_name("PROGRAM");
  command.add_option("--etcd", options.etcd, "The etcd program that it stores in")
      ->capture_default_str()
      ->type_name("PROGRAM");
  command.add_flag("--alone", options.alone, "kvplane alone, beside nothing");
  command
      .add_option("--packaged", options.packaged,
                  "A kvplane as it is given away, whose size is told")
      ->type_name("PROGRAM");
  command
      .add_option("--data-folder", options.data_folder,
                  "Where all keep their data meanwhile: on a disk")
      ->capture_default_str()
      ->type_name("FOLDER");
  command.add_option("--output", options.output, "Where to write tables and all results")
      ->capture_default_str()
      ->type_name("FOLDER");
  command
      .add_option("--readme", options.readme,
                  "Markdown in which what stands between <!-- cluster --> and <!-- /cluster --> "
                  "is replaced by the tables")
      ->type_name("FILE");
  command.footer(WorkloadList());
}

int BenchCluster(bench::ClusterOptions options, const std::atomic<bool>& stop) {
  if (options.kvplane.empty()) {
    std::error_code ignored;
    options.kvplane =
        (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "kvplane")
            .string();
  }
  const auto comparison = bench::CompareClusters(options, stop);
  if (!comparison.ok()) return Fail(comparison.status());
  std::cout << bench::ToMarkdown(*comparison);
  const absl::Status written = bench::Write(*comparison);
  return written.ok() ? 0 : Fail(written);
}

}  // namespace kvshim::cli
