#include "sql/mysql/connection.h"

#include <errmsg.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::sql::mysql {
namespace {

// The client libraries count in whole seconds.
unsigned Seconds(std::chrono::milliseconds time) {
  return static_cast<unsigned>(
      std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(time).count()));
}

MYSQL* NewHandle() {
  // Once, before threads meet in it.
  static std::once_flag once;
  std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
  return mysql_init(nullptr);
}

const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

void SetEncryption(MYSQL* handle, Encryption encryption, const NetworkOptions& network) {
  if (encryption == Encryption::kNone) return;
  // MariaDB's library checks the chain wherever it has an authority.
  const char verify = encryption == Encryption::kVerified;
  mysql_ssl_set(handle, OrNull(network.key_file), OrNull(network.cert_file),
                verify ? OrNull(network.ca_file) : nullptr, nullptr, nullptr);
#ifdef MARIADB_PACKAGE_VERSION
  const char enforce = 1;
  mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &enforce);
  mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
#else
  const unsigned mode = verify ? SSL_MODE_VERIFY_IDENTITY : SSL_MODE_REQUIRED;
  mysql_options(handle, MYSQL_OPT_SSL_MODE, &mode);
#endif
}

int SocketOf(MYSQL* handle) {
#ifdef MARIADB_PACKAGE_VERSION
  return static_cast<int>(mysql_get_socket(handle));
#else
  return static_cast<int>(handle->net.fd);
#endif
}

}  // namespace

Connection::Connection(const Options& options)
    : options_(options), handle_(NewHandle(), mysql_close) {}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Connect(const Options& options,
                                                                const Host& host,
                                                                const std::string& password,
                                                                const std::string& database,
                                                                unsigned& code) {
  if (options.encryption != Encryption::kPreferred) {
    return ConnectBy(options.encryption, options, host, password, database, code);
  }
  auto encrypted = ConnectBy(Encryption::kUnverified, options, host, password, database, code);
  if (encrypted.ok() || code != CR_SSL_CONNECTION_ERROR) return encrypted;
  return ConnectBy(Encryption::kNone, options, host, password, database, code);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::ConnectBy(
    Encryption encryption, const Options& options, const Host& host, const std::string& password,
    const std::string& database, unsigned& code) {
  std::unique_ptr<Connection> connection(new Connection(options));
  MYSQL* const handle = connection->handle_.get();
  if (handle == nullptr) {
    return MakeError(ErrorKind::kOther, options.name, "connecting", "out of memory", 0);
  }
  const unsigned patience = Seconds(options.network.timeout);
  // Of several hosts one that swallows everything must not use up the time of all.
  const unsigned patience_to_connect =
      Seconds(options.network.timeout / static_cast<int64_t>(options.hosts.size()));
  mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &patience_to_connect);
  mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &patience);
  mysql_options(handle, MYSQL_OPT_WRITE_TIMEOUT, &patience);
  const unsigned no_files = 0;  // a server may ask for a file of ours
  mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &no_files);
  const unsigned protocol = host.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_options(handle, MYSQL_OPT_PROTOCOL, &protocol);
  const unsigned long largest = 1ul << 30;
  mysql_options(handle, MYSQL_OPT_MAX_ALLOWED_PACKET, &largest);
  // Texts are bytes in both directions.
  mysql_options(handle, MYSQL_SET_CHARSET_NAME, "binary");
  SetEncryption(handle, encryption, options.network);
  const bool connected =
      mysql_real_connect(handle, host.socket.empty() ? host.address.c_str() : nullptr,
                         options.user.c_str(), password.c_str(), OrNull(database), host.port,
                         OrNull(host.socket),
                         CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS) != nullptr;
  const std::string what = options.hosts.size() > 1 ? base::Concat("connecting to ", host.Name())
                                                    : std::string("connecting");
  if (!connected) {
    code = mysql_errno(handle);
    const std::string_view text = mysql_error(handle);
    if (code == CR_SSL_CONNECTION_ERROR && text.find("certificate") != text.npos) {
      return sql::MakeError(
          ErrorKind::kPermission,
          base::Concat("database ", options.name, ": ", what, " failed: ", text, kCertificateFix));
    }
    return MakeError(Classify(code, Purpose::kRead), options.name, what, mysql_error(handle), code);
  }
  // MariaDB's library goes on in clear with a server that has no certificate, unless it is to
  // verify one.
  if (encryption != Encryption::kNone && mysql_get_ssl_cipher(handle) == nullptr) {
    code = CR_SSL_CONNECTION_ERROR;
    return MakeError(ErrorKind::kIo, options.name, what, "the server does not offer TLS", 0);
  }
  return connection;
}

absl::Status Connection::Failure(std::string_view what, Purpose purpose) {
  const unsigned code = mysql_errno(handle_.get());
  if (code == 0 || EndsSession(code)) broken_ = true;
  const ErrorKind kind = Classify(code, purpose);
  if (kind == ErrorKind::kAmbiguous) broken_ = true;
  return MakeError(kind, options_.name, what, mysql_error(handle_.get()), code);
}

absl::StatusOr<Result> Connection::Execute(std::string_view statement, Purpose purpose,
                                           const std::function<void()>& meanwhile) {
  ASSIGN_OR_RETURN(std::vector<Result> results, Run(statement, purpose, meanwhile));
  return std::move(results.front());
}

absl::StatusOr<std::vector<Result>> Connection::Run(std::string_view script, Purpose purpose,
                                                    const std::function<void()>& meanwhile) {
  MYSQL* const handle = handle_.get();
  answered_ = 0;
  if (mysql_send_query(handle, script.data(), script.size()) != 0) {
    return Failure("sending", purpose);
  }
  if (meanwhile) meanwhile();
  std::vector<Result> results;
  if (mysql_read_query_result(handle) != 0) return Failure("a statement", purpose);
  while (true) {
    // Asked before: a connection that ends among the rows leaves a handle that knows of none.
    const bool has_rows = mysql_field_count(handle) != 0;
    MYSQL_RES* const rows = mysql_store_result(handle);
    if (rows == nullptr && has_rows) return Failure("a statement", purpose);
    const int64_t affected =
        rows != nullptr ? 0 : static_cast<int64_t>(mysql_affected_rows(handle));
    results.emplace_back(rows, affected);
    ++answered_;
    // Where the connection ends among the columns of a result, mysql_next_result returns the -1
    // that it returns where no result is left.
    if (!mysql_more_results(handle)) return results;
    if (mysql_next_result(handle) != 0) return Failure("a statement", purpose);
  }
}

absl::Status Connection::Stream(std::string_view query,
                                const std::function<bool(const Row&)>& visit) {
  MYSQL* const handle = handle_.get();
  if (mysql_real_query(handle, query.data(), query.size()) != 0) {
    return Failure("a statement", Purpose::kRead);
  }
  MYSQL_RES* const rows = mysql_use_result(handle);
  if (rows == nullptr) return Failure("a statement", Purpose::kRead);
  while (const MYSQL_ROW cells = mysql_fetch_row(rows)) {
    if (visit(Row(cells, mysql_fetch_lengths(rows)))) continue;
    // The rest is of no interest; closing is cheaper than reading it.
    broken_ = true;
    break;
  }
  absl::Status status;
  if (!broken_ && mysql_errno(handle) != 0) status = Failure("reading rows", Purpose::kRead);
  mysql_free_result(rows);
  return status;
}

bool Connection::Stale() const {
  pollfd waiting{.fd = SocketOf(handle_.get()), .events = POLLIN | POLLRDHUP, .revents = 0};
  return broken_ || poll(&waiting, 1, 0) != 0;
}

}  // namespace kvshim::sql::mysql
