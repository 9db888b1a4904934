#include "cluster_server.h"

#include <openssl/evp.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"
#include "bench/load/port.h"
#include "https_connection.h"
#include "requests.h"

namespace kvshim::bench {
namespace {

namespace ssl = boost::asio::ssl;

using std::chrono::steady_clock;

constexpr std::chrono::seconds kStartTimeout{120};
constexpr std::chrono::milliseconds kPoll{5};
// Rest is less than this share of a processor over this long.
constexpr double kRest = 0.03;
constexpr std::chrono::milliseconds kRestTime{500};
constexpr std::chrono::seconds kRestTimeout{10};

// The text behind `name` in a kubeconfig, decoded; empty where there is none.
std::string DataOf(const std::string& kubeconfig, const std::string& name) {
  const size_t begin = kubeconfig.find(name + ": ");
  if (begin == std::string::npos) return "";
  const size_t from = begin + name.size() + 2;
  const std::string text = kubeconfig.substr(from, kubeconfig.find('\n', from) - from);
  std::string data(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(data.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  data.resize(size < 0 ? 0 : static_cast<size_t>(size));
  // Padding comes out as zeros.
  while (!data.empty() && data.back() == '\0') data.pop_back();
  return data;
}

// Whether a server at the port says that it is ready. It shows nothing and trusts anything.
bool IsReady(int port) {
  boost::asio::io_context io;
  ssl::context tls(ssl::context::tls_client);
  HttpsConnection connection(io, tls);
  if (!connection.Open(port).ok()) return false;
  bool ready = false;
  connection.Ask(
      Get("/readyz"), [](std::string_view) {},
      [&](const absl::Status& status, unsigned code) { ready = status.ok() && code == 200; });
  io.run_for(std::chrono::seconds(5));
  return ready;
}

}  // namespace

absl::Status MakeCredentials(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "admin.crt")) return absl::OkStatus();
  return RunToEnd(
      {{"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", "admin.key", "-out", "admin.crt", "-days", "2", "-subj",
        "/O=system:masters/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1"},
       folder});
}

absl::StatusOr<std::unique_ptr<ClusterServer>> ClusterServer::Start(
    const ClusterSettings& settings, const std::filesystem::path& folder) {
  std::unique_ptr<ClusterServer> server(new ClusterServer);
  ASSIGN_OR_RETURN(server->port_, FreePort());
  if (!settings.etcd.empty()) RETURN_IF_ERROR(MakeCredentials(folder));
  const auto begin = steady_clock::now();
  RETURN_IF_ERROR(settings.etcd.empty() ? server->LaunchKvplane(settings, folder)
                                        : server->LaunchKubernetes(settings, folder));
  RETURN_IF_ERROR(server->AwaitReady());
  server->start_seconds_ = std::chrono::duration<double>(steady_clock::now() - begin).count();
  if (settings.etcd.empty()) {
    RETURN_IF_ERROR(server->ReadKubeconfig(folder / "data/kubeconfig.yaml"));
    return server;
  }
  ASSIGN_OR_RETURN(const std::string certificate, base::ReadFile(folder / "admin.crt"));
  ASSIGN_OR_RETURN(const std::string key, base::ReadFile(folder / "admin.key"));
  RETURN_IF_ERROR(server->Trust(certificate, certificate, key));
  return server;
}

absl::Status ClusterServer::LaunchKvplane(const ClusterSettings& settings,
                                          const std::filesystem::path& folder) {
  ready_file_ = folder / "ready.json";
  std::error_code ignored;
  std::filesystem::remove(ready_file_, ignored);
  ASSIGN_OR_RETURN(
      auto process,
      Process::Start({{settings.program, "server", "--data-dir", (folder / "data").string(),
                       "--bind-address", "127.0.0.1", "--https-listen-port", std::to_string(port_),
                       "--ready-file", ready_file_.string(), "--log-level", "warn"},
                      folder}));
  processes_.push_back(std::move(process));
  return absl::OkStatus();
}

absl::Status ClusterServer::LaunchKubernetes(const ClusterSettings& settings,
                                             const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const int client_port, FreePort());
  ASSIGN_OR_RETURN(const int peer_port, FreePort());
  const std::string client_url = base::Concat("http://127.0.0.1:", client_port);
  const std::string peer_url = base::Concat("http://127.0.0.1:", peer_port);
  const std::filesystem::path below = folder / "etcd";
  std::error_code ignored;
  std::filesystem::create_directories(below, ignored);
  ASSIGN_OR_RETURN(
      auto etcd,
      Process::Start({{settings.etcd, "--data-dir", (below / "data").string(),
                       "--listen-client-urls", client_url, "--advertise-client-urls", client_url,
                       "--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url,
                       "--initial-cluster", "default=" + peer_url, "--log-level", "warn"},
                      below}));
  processes_.push_back(std::move(etcd));
  ASSIGN_OR_RETURN(auto process, Process::Start({{settings.program,
                                                  "--etcd-servers",
                                                  client_url,
                                                  "--bind-address",
                                                  "127.0.0.1",
                                                  "--secure-port",
                                                  std::to_string(port_),
                                                  "--cert-dir",
                                                  "certificates",
                                                  "--tls-cert-file",
                                                  "admin.crt",
                                                  "--tls-private-key-file",
                                                  "admin.key",
                                                  "--client-ca-file",
                                                  "admin.crt",
                                                  "--service-account-issuer",
                                                  "https://kubernetes.default.svc.cluster.local",
                                                  "--service-account-key-file",
                                                  "admin.crt",
                                                  "--service-account-signing-key-file",
                                                  "admin.key",
                                                  "--service-cluster-ip-range",
                                                  "10.43.0.0/16",
                                                  "--authorization-mode",
                                                  "Node,RBAC",
                                                  "--endpoint-reconciler-type",
                                                  "none",
                                                  "--allow-privileged",
                                                  "--v=0"},
                                                 folder}));
  processes_.push_back(std::move(process));
  return absl::OkStatus();
}

absl::Status ClusterServer::AwaitReady() {
  const auto deadline = steady_clock::now() + kStartTimeout;
  const auto has_told = [&] { return ready_file_.empty() || std::filesystem::exists(ready_file_); };
  while (!IsReady(port_) || !has_told()) {
    for (const auto& process : processes_) {
      if (process->HasEnded()) return process->Failure("ended at its start");
    }
    if (steady_clock::now() > deadline) return processes_.back()->Failure("is not ready");
    std::this_thread::sleep_for(kPoll);
  }
  return absl::OkStatus();
}

absl::Status ClusterServer::ReadKubeconfig(const std::filesystem::path& path) {
  const std::string text = base::ReadFile(path).value_or("");
  return Trust(DataOf(text, "certificate-authority-data"), DataOf(text, "client-certificate-data"),
               DataOf(text, "client-key-data"));
}

absl::Status ClusterServer::Trust(const std::string& authority, const std::string& certificate,
                                  const std::string& key) {
  tls_ = std::make_unique<ssl::context>(ssl::context::tls_client);
  boost::system::error_code error;
  tls_->set_verify_mode(ssl::verify_peer, error);
  if (!error) tls_->add_certificate_authority(boost::asio::buffer(authority), error);
  if (!error) tls_->use_certificate_chain(boost::asio::buffer(certificate), error);
  if (!error) tls_->use_private_key(boost::asio::buffer(key), ssl::context::pem, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(
      base::Concat("the administrator's certificate cannot be used: ", error.message()));
}

ProcessGroup ClusterServer::processes() const {
  ProcessGroup group;
  for (const auto& process : processes_) group.servers.push_back(process->pid());
  return group;
}

absl::Status ClusterServer::AwaitRest() const {
  const auto deadline = steady_clock::now() + kRestTimeout;
  while (steady_clock::now() < deadline) {
    Meter meter(processes());
    RETURN_IF_ERROR(meter.Begin());
    std::this_thread::sleep_for(kRestTime);
    RETURN_IF_ERROR(meter.End());
    if (std::chrono::duration<double>(meter.server().cpu).count() < kRest * meter.seconds()) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<double> ClusterServer::ResidentMebibytes() const {
  int64_t bytes = 0;
  for (const auto& process : processes_) {
    ASSIGN_OR_RETURN(const ProcessUsage usage, ReadProcessUsage(process->pid()));
    bytes += usage.resident_bytes;
  }
  return static_cast<double>(bytes) / (1 << 20);
}

}  // namespace kvshim::bench
