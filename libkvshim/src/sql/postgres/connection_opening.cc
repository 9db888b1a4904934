// Connection: the part about which host to connect to, and whether that one is to be used.
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "sql/postgres/connection.h"
#include "sql/postgres/error.h"

namespace kvshim::sql::postgres {
namespace {

using base::Concat;

constexpr std::string_view kNoSuchDatabase = "3D000";
constexpr std::string_view kProtocolViolation = "08P01";
// How long what all hosts said is enough, whatever is lost.
constexpr std::chrono::seconds kSurveyLasts{1};

// The SQLSTATE in a verbose message, "FATAL:  28P01: password authentication failed"; of the last
// host that was tried, empty where none answered.
std::string_view StateIn(std::string_view message) {
  constexpr size_t kStateSize = 5;
  std::string_view state;
  for (size_t at = message.find(":  "); at != std::string_view::npos;
       at = message.find(":  ", at + 1)) {
    const std::string_view rest = message.substr(at + 3);
    if (rest.size() <= kStateSize || rest[kStateSize] != ':') continue;
    const bool code = std::ranges::all_of(rest.substr(0, kStateSize), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
    });
    if (code) state = rest.substr(0, kStateSize);
  }
  return state;
}

// A verbose message without the lines that name places in the server's source.
std::string WithoutPlaces(std::string_view message) {
  std::string kept;
  while (!message.empty()) {
    const size_t end = std::min(message.find('\n'), message.size());
    std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    while (line.starts_with('\t')) line.remove_prefix(1);
    if (line.find(".c:") == std::string_view::npos) {
      kept += base::Concat(kept.empty() ? "" : "; ", line);
    }
  }
  return kept;
}

// Whether every host that was tried answered that it takes no writes. Where another gave no answer,
// one of the two may be about to.
bool IsReadOnly(std::string_view message) {
  while (!message.empty()) {
    const size_t end = std::min(message.find('\n'), message.size());
    const std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    if (!line.empty() && line.find("session is read-only") == line.npos &&
        line.find("hot standby mode") == line.npos) {
      return false;
    }
  }
  return true;
}

// Why no host took us in. What tells most is one that answered and refuses; where all that answered
// take no writes, one that did not answer may be about to.
class HostFailures {
 public:
  void Add(const absl::Status& failure) {
    const ErrorKind kind = sql::KindOf(failure);
    const int rank = kind == ErrorKind::kReadOnly ? 1 : kind == ErrorKind::kIo ? 2 : 3;
    text_ += Concat(text_.empty() ? "" : "; ", base::FromAbsl(failure.message()));
    if (rank <= rank_) return;
    rank_ = rank;
    worst_ = failure;
  }

  absl::Status Summary() const { return sql::MakeError(sql::KindOf(worst_), text_); }

 private:
  int rank_ = 0;
  absl::Status worst_;
  std::string text_;
};

}  // namespace

Connection::~Connection() {
  PQfinish(handle_);
  if (!broken_) return;
  // The host may have been replaced. Of many that are lost at once one has the hosts asked.
  base::MutexLock lock(traits_.mutex);
  const base::TimePoint recently = base::Clock::Real().Now() - kSurveyLasts;
  if (traits_.surveyed.has_value() && *traits_.surveyed < recently) traits_.surveyed.reset();
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Options& options,
                                                             SessionTraits& traits) {
  return OpenDatabase(options, options.database, traits);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenDatabase(const Options& options,
                                                                     const std::string& database,
                                                                     SessionTraits& traits) {
  const size_t count = options.hosts.size();
  const size_t first = traits.host.load();
  bool survey;
  {
    base::MutexLock lock(traits.mutex);
    survey = count > 1 && !traits.surveyed.has_value();
  }
  std::unique_ptr<Connection> best;
  size_t best_at = 0;
  HostFailures failures;
  for (size_t i = 0; i < count; ++i) {
    const size_t at = (first + i) % count;
    auto connection = OpenAt(options, options.hosts[at], database, traits);
    if (!connection.ok()) {
      failures.Add(connection.status());
    } else if (best == nullptr || best->lineage().IsReplacedBy((*connection)->lineage())) {
      best = *std::move(connection);
      best_at = at;
      if (!survey) break;
    }
  }
  if (best == nullptr) return failures.Summary();
  traits.host.store(best_at);
  base::MutexLock lock(traits.mutex);
  if (survey) traits.surveyed = base::Clock::Real().Now();
  return best;
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenAt(const Options& options,
                                                               const Host& host,
                                                               const std::string& database,
                                                               SessionTraits& traits) {
  std::vector<const char*> keywords, values;
  const auto add = [&](const char* keyword, const char* value) {
    keywords.push_back(keyword);
    values.push_back(value);
  };
  for (const auto& [keyword, value] : options.keywords) add(keyword.c_str(), value.c_str());
  if (!host.name.empty()) add("host", host.name.c_str());
  if (!host.address.empty()) add("hostaddr", host.address.c_str());
  if (!host.port.empty()) add("port", host.port.c_str());
  add("dbname", database.c_str());
  // libpq asks the host whether it takes writes.
  add("target_session_attrs", "read-write");
  add(nullptr, nullptr);
  std::unique_ptr<Connection> connection(
      new Connection(PQconnectStartParams(keywords.data(), values.data(), 0), options, traits));
  // Of several hosts one that swallows everything must not use up the time of all.
  const auto patience = options.network.timeout / static_cast<int64_t>(options.hosts.size());
  const base::TimePoint deadline = base::Clock::Real().Now() + patience;
  const std::string what =
      options.hosts.size() > 1 ? Concat("connecting to ", host.Place()) : std::string("connecting");
  if (connection->handle_ == nullptr) {
    return MakeError(ErrorKind::kOther, options.name, what, "out of memory", "");
  }
  PGconn* const handle = connection->handle_;
  // While connecting, the SQLSTATE of an error is told in its message only, and there only so.
  PQsetErrorVerbosity(handle, PQERRORS_VERBOSE);
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK && PQstatus(handle) != CONNECTION_BAD) {
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!connection->Wait(events, deadline).ok()) {
      return MakeError(ErrorKind::kIo, options.name, what,
                       Concat("no answer within ", patience.count(), " ms"), "");
    }
    state = PQconnectPoll(handle);
    if (state == PGRES_POLLING_FAILED) break;
  }
  if (PQstatus(handle) != CONNECTION_OK) {
    const std::string_view message = PQerrorMessage(handle);
    std::string_view state = StateIn(message);
    if (state.empty() && message.find("certificate") != message.npos) {
      return sql::MakeError(ErrorKind::kPermission,
                            Concat("database ", options.name, ": ", what,
                                   " failed: ", WithoutPlaces(message), kCertificateFix));
    }
    if (state.empty() && IsReadOnly(message)) {
      return MakeError(ErrorKind::kReadOnly, options.name, what, WithoutPlaces(message), "");
    }
    // PgBouncer passes the refusal on with a state of its own.
    if (state == kProtocolViolation &&
        message.find(Concat("database \"", database, "\" does not exist")) != message.npos) {
      state = kNoSuchDatabase;
    }
    return MakeError(Classify(state, false), options.name, what, WithoutPlaces(message), state);
  }
  PQsetErrorVerbosity(handle, PQERRORS_DEFAULT);
  PQsetnonblocking(handle, 1);
  const auto told = [&](const char* name) {
    const char* value = PQparameterStatus(handle, name);
    return std::string_view(value != nullptr ? value : "");
  };
  connection->product_ = ProductOf(told("crdb_version"), told("server_version"));
  RETURN_IF_ERROR(connection->CheckLineage(host));
  return connection;
}

absl::Status Connection::CheckLineage(const Host& host) {
  const auto answer = Execute(
      "SELECT (SELECT system_identifier::text FROM pg_control_system()), "
      "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint",
      {});
  // Relatives of PostgreSQL have no timelines, and the functions may have been taken from users.
  if (!answer.ok()) return broken_ ? answer.status() : absl::OkStatus();
  lineage_ = {.system = std::string(answer->Bytes(0, 0)), .timeline = answer->Int(0, 1)};
  base::MutexLock lock(traits_.mutex);
  if (!lineage_.IsReplacedBy(traits_.required)) {
    traits_.reached = lineage_;
    traits_.required = lineage_;
    return absl::OkStatus();
  }
  return MakeError(ErrorKind::kIo, options_.name, Concat("connecting to ", host.Place()),
                   Concat("the server has been replaced by another (its timeline is ",
                          lineage_.timeline, ", that of the other ", traits_.required.timeline,
                          ") and must not take writes any more; stop it"),
                   "");
}

}  // namespace kvshim::sql::postgres
