#include <iostream>
#include <memory>
#include <string>

#include "api/json.h"
#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"
#include "cluster/kubeconfig.h"
#include "http/client.h"
#include "server/encryption_page.h"
#include "subcommands.h"

namespace kvplane::cli {
namespace {

namespace json = api::json;
using kvshim::base::Concat;

// Reencryption goes over all secrets.
constexpr std::chrono::minutes kPatience{10};

absl::StatusOr<json::Object> Ask(const SecretsEncryptSettings& settings,
                                 const std::string& action) {
  const std::string path = settings.kubeconfig.empty()
                               ? Concat(settings.data_dir, "/kubeconfig.yaml")
                               : settings.kubeconfig;
  ASSIGN_OR_RETURN(const std::string text, kvshim::base::ReadFile(path));
  absl::StatusOr<cluster::KubeconfigFields> fields = cluster::ReadKubeconfig(text);
  if (!fields.ok()) {
    return absl::InvalidArgumentError(Concat(path, " ", std::string(fields.status().message())));
  }
  kvshim::http::Client client(
      fields->server,
      {.timeout = kPatience,
       .identity = std::make_shared<kvshim::http::TlsIdentity>(kvshim::http::TlsIdentity{
           .cert = fields->client.certificate, .key = fields->client.key}),
       .authority = fields->server_ca});
  const bool asks = action == "status";
  const std::string target =
      asks ? server::kEncryptionPage : Concat(server::kEncryptionPage, "?action=", action);
  const auto answer = client.Ask(asks ? "GET" : "POST", target);
  if (!answer.ok()) {
    return absl::UnavailableError(
        Concat(fields->server, ": ", std::string(answer.status().message())));
  }
  absl::StatusOr<json::Value> document = api::ParseJson(answer->body);
  if (!document.ok() || !document->is_object()) {
    return absl::UnavailableError(
        Concat(fields->server, ": answered ", answer->status, ": what serves there is no kvplane"));
  }
  json::Object& object = document->get_object();
  if (answer->status == 200) return std::move(object);
  const json::Value* message = json::Find(object, "message");
  const bool says = message != nullptr && message->is_string();
  return absl::FailedPreconditionError(says ? std::string(json::View(message->get_string()))
                                            : answer->body);
}

void Print(const json::Object& status) {
  const bool has_keys = status.at("hasKeys").as_bool();
  std::cout << "Encryption Status: "
            << (!has_keys                        ? "Disabled, no keys were made"
                : status.at("enabled").as_bool() ? "Enabled"
                                                 : "Disabled")
            << '\n';
  if (!has_keys) return;
  const int64_t stale = status.at("stale").to_number<int64_t>();
  std::cout << "Secrets: " << status.at("current").to_number<int64_t>()
            << " as they are to be stored, " << stale << " not"
            << (stale > 0 ? "; see kvplane secrets-encrypt reencrypt" : "") << "\n\n"
            << "Active  Key Type  Name\n------  --------  ----\n";
  bool first = true;
  for (const json::Value& key : status.at("keys").as_array()) {
    std::cout << (first && status.at("enabled").as_bool() ? " *      " : "        ") << "AES-GCM   "
              << json::View(key.as_string()) << '\n';
    first = false;
  }
}

}  // namespace

void DeclareSecretsEncryptFlags(CLI::App& command, SecretsEncryptSettings& settings) {
  settings.data_dir = DefaultDataDirectory();
  command.require_subcommand(1);
  for (const auto& [name, description] :
       {std::pair{"status", "Show whether secrets are encrypted, and with which keys"},
        std::pair{"enable", "Encrypt what is written from now on"},
        std::pair{"disable", "Write plainly from now on"},
        std::pair{"rotate-keys", "Make a new key and write every secret with it"},
        std::pair{"reencrypt", "Write every secret as it is to be stored"}}) {
    CLI::App* one = command.add_subcommand(name, description);
    one->add_option("--data-dir", settings.data_dir, "The data directory of a server")
        ->type_name("PATH")
        ->capture_default_str()
        ->envname("KVPLANE_DATA_DIR");
    one->add_option("--kubeconfig", settings.kubeconfig,
                    "The administrator's, as the server has written it; kubeconfig.yaml in the "
                    "data directory where not given")
        ->type_name("FILE");
  }
  command.footer(
      "A server with --secrets-encryption makes the first key. Secrets that were written before\n"
      "stay as they are, and can be read, until reencrypt; what the database itself keeps of\n"
      "deleted bytes is its own.");
}

int SecretsEncrypt(const CLI::App& command, const SecretsEncryptSettings& settings) {
  const std::string action = command.get_subcommands().front()->get_name();
  const absl::StatusOr<json::Object> status = Ask(settings, action);
  if (!status.ok()) {
    std::cerr << "kvplane secrets-encrypt " << action << ": " << status.status().message() << '\n';
    return 1;
  }
  Print(*status);
  return 0;
}

}  // namespace kvplane::cli
