#include "sql/postgres/connection.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "sql/postgres/error.h"

namespace kvshim::sql::postgres {
namespace {

using base::Concat;

constexpr std::string_view kNoSuchStatement = "26000";
constexpr std::string_view kNoSuchDatabase = "3D000";
constexpr std::string_view kProtocolViolation = "08P01";
constexpr std::string_view kStatementExists = "42P05";
// How long what all hosts said is enough, whatever is lost.
constexpr std::chrono::seconds kSurveyLasts{1};
constexpr size_t kCopyHeaderBytes = 19;  // signature, flags, length of what follows: none

std::string_view StateOf(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state != nullptr ? state : "";
}

// A statement's name on the server: of its text, so that two releases behind one pooler never take
// each other's statement for their own.
std::string StatementName(std::string_view text) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return Concat("kv", hash);
}

int PollTimeout(base::TimePoint deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - base::Clock::Real().Now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60000));
}

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

// Pieces of one row of COPY's binary form. False at the end of the data or where it is damaged.
bool SplitRow(std::string_view row, std::vector<std::string_view>& fields) {
  fields.clear();
  if (row.size() < 2) return false;
  const int64_t count = ReadNumber(row.substr(0, 2));
  row.remove_prefix(2);
  for (int64_t i = 0; i < count; ++i) {
    if (row.size() < 4) return false;
    const int64_t length = ReadNumber(row.substr(0, 4));
    row.remove_prefix(4);
    if (length < 0 || static_cast<size_t>(length) > row.size()) return false;
    fields.push_back(row.substr(0, static_cast<size_t>(length)));
    row.remove_prefix(static_cast<size_t>(length));
  }
  return count >= 0;
}

}  // namespace

int64_t Result::affected() const {
  const std::string count = PQcmdTuples(result_.get());
  return count.empty() ? 0 : std::stoll(count);
}

Connection::Connection(PGconn* handle, const Options& options, SessionTraits& traits)
    : handle_(handle), options_(options), traits_(traits) {
  // The only warning that changes what a commit means: it is on this server, and maybe not on
  // its standby.
  PQsetNoticeReceiver(
      handle_,
      [](void* self, const PGresult* notice) {
        const char* text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
        const char* state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
        // Its text may be translated; its state is that of an interrupted wait.
        if ((text != nullptr && std::strstr(text, "synchronous replication") != nullptr) ||
            (state != nullptr && std::strcmp(state, "57P01") == 0)) {
          static_cast<Connection*>(self)->replication_cancelled_ = true;
        }
      },
      this);
}

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

base::TimePoint Connection::Deadline() const {
  return base::Clock::Real().Now() + options_.network.timeout;
}

absl::Status Connection::Wait(short events, base::TimePoint deadline) {
  pollfd waiting{.fd = PQsocket(handle_), .events = events, .revents = 0};
  while (true) {
    const int ready = poll(&waiting, 1, PollTimeout(deadline));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno == EINTR) continue;
    if (base::Clock::Real().Now() >= deadline) {
      return absl::DeadlineExceededError(
          Concat("no answer within ", options_.network.timeout.count(), " ms"));
    }
  }
}

absl::Status Connection::Lost(std::string_view what, bool committing) {
  broken_ = true;
  std::string_view detail = PQerrorMessage(handle_);
  return MakeError(committing ? ErrorKind::kAmbiguous : ErrorKind::kIo, options_.name, what,
                   detail.empty() ? "no answer in time" : detail, "");
}

absl::Status Connection::ErrorOf(const PGresult* result, std::string_view what, bool committing) {
  const std::string_view state = StateOf(result);
  const ErrorKind kind = Classify(state, committing);
  if (PQstatus(handle_) == CONNECTION_BAD || kind == ErrorKind::kAmbiguous ||
      kind == ErrorKind::kIo) {
    broken_ = true;
  }
  const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return MakeError(kind, options_.name, what,
                   detail != nullptr ? detail : PQresultErrorMessage(result), state);
}

absl::Status Connection::Flush(base::TimePoint deadline) {
  while (true) {
    const int left = PQflush(handle_);
    if (left == 0) return absl::OkStatus();
    if (left < 0) return absl::UnavailableError("cannot send");
    // The server may have to be read from before it reads on.
    RETURN_IF_ERROR(Wait(POLLIN | POLLOUT, deadline));
    if (PQconsumeInput(handle_) == 0) return absl::UnavailableError("cannot read");
  }
}

absl::StatusOr<PGresult*> Connection::NextResult(base::TimePoint deadline) {
  while (PQisBusy(handle_) != 0) {
    RETURN_IF_ERROR(Wait(POLLIN, deadline));
    if (PQconsumeInput(handle_) == 0) return absl::UnavailableError("cannot read");
  }
  return PQgetResult(handle_);
}

absl::Status Connection::Send(const Command& command, bool prepare, bool& preparing) {
  const Parameters& given = command.parameters;
  int sent;
  if (prepare) {
    const std::string name = StatementName(command.text);
    preparing = prepared_.insert(command.text.data()).second;
    if (preparing && PQsendPrepare(handle_, name.c_str(), command.text.data(), given.count(),
                                   given.types()) == 0) {
      return absl::UnavailableError("cannot send");
    }
    sent = PQsendQueryPrepared(handle_, name.c_str(), given.count(), given.values(),
                               given.lengths(), given.formats(), 1);
  } else {
    sent = PQsendQueryParams(handle_, command.text.data(), given.count(), given.types(),
                             given.values(), given.lengths(), given.formats(), 1);
  }
  return sent != 0 ? absl::OkStatus() : absl::UnavailableError("cannot send");
}

void Connection::Drain(base::TimePoint deadline) {
  while (!broken_) {
    const absl::StatusOr<PGresult*> next = NextResult(deadline);
    if (!next.ok()) {
      broken_ = true;
      return;
    }
    if (*next == nullptr) continue;
    const bool end = PQresultStatus(*next) == PGRES_PIPELINE_SYNC;
    PQclear(*next);
    if (end) break;
    if (PQstatus(handle_) == CONNECTION_BAD) broken_ = true;
  }
  if (!broken_) PQexitPipelineMode(handle_);
}

absl::Status Connection::TakeAnswer(const Command& command, bool preparing,
                                    base::TimePoint deadline, bool committing,
                                    std::vector<Result>& results) {
  for (bool prepared = !preparing;; prepared = true) {
    absl::StatusOr<PGresult*> next = NextResult(deadline);
    // A null ends the answers of the statement before.
    if (next.ok() && *next == nullptr) next = NextResult(deadline);
    if (!next.ok() || *next == nullptr) return Lost("waiting for an answer", committing);
    Result result(*next);
    const ExecStatusType status = PQresultStatus(*next);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      if (!prepared) prepared_.erase(command.text.data());
      const std::string_view state = StateOf(*next);
      // A pooler gave us a session that has not heard of it, or has already.
      if ((state == kNoSuchStatement || state == kStatementExists) &&
          traits_.prepares.exchange(false)) {
        base::Log(base::Level::kInfo,
                  "statements are not prepared: there is a connection pooler in between",
                  {{"database", options_.name}});
      }
      return ErrorOf(*next, "a statement", committing);
    }
    if (!prepared) continue;
    results.push_back(std::move(result));
    return absl::OkStatus();
  }
}

absl::StatusOr<std::vector<Result>> Connection::TryRun(std::span<const Command> commands,
                                                       bool committing,
                                                       const std::function<void()>& meanwhile) {
  const base::TimePoint deadline = Deadline();
  const bool prepare = traits_.prepares.load(std::memory_order_relaxed);
  replication_cancelled_ = false;
  if (PQenterPipelineMode(handle_) == 0) return Lost("beginning", false);
  std::vector<char> preparing(commands.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    bool first = false;
    if (!Send(commands[i], prepare, first).ok()) return Lost("sending", committing);
    preparing[i] = first;
  }
  if (PQpipelineSync(handle_) == 0 || !Flush(deadline).ok()) return Lost("sending", committing);
  if (meanwhile) meanwhile();

  std::vector<Result> results;
  results.reserve(commands.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    absl::Status taken = TakeAnswer(commands[i], preparing[i], deadline, committing, results);
    if (taken.ok()) continue;
    // The server skipped the rest, their preparing too.
    for (size_t skipped = i + 1; skipped < commands.size(); ++skipped) {
      if (preparing[skipped]) prepared_.erase(commands[skipped].text.data());
    }
    Drain(deadline);
    return taken;
  }
  Drain(deadline);
  // All answers are in, that of a COMMIT too: what is lost now is the session only.
  return results;
}

absl::StatusOr<std::vector<Result>> Connection::Run(std::span<const Command> commands,
                                                    bool committing,
                                                    const std::function<void()>& meanwhile) {
  const bool prepared = traits_.prepares.load(std::memory_order_relaxed);
  auto results = TryRun(commands, committing, meanwhile);
  if (results.ok() || !prepared || traits_.prepares.load() || broken_) return results;
  // The pooler's mistake, and nothing was done: an unknown statement ends the transaction.
  const Command rollback{"ROLLBACK", {}};
  auto rolled_back = TryRun({&rollback, 1}, false, {});
  if (!rolled_back.ok()) return rolled_back.status();
  return TryRun(commands, committing, {});
}

absl::StatusOr<Result> Connection::Execute(std::string_view text, Parameters parameters) {
  const Command command{text, std::move(parameters)};
  ASSIGN_OR_RETURN(std::vector<Result> results, Run({&command, 1}, false));
  return std::move(results.front());
}

absl::Status Connection::ExecuteScript(const std::string& script) {
  const base::TimePoint deadline = Deadline();
  if (PQsendQuery(handle_, script.c_str()) == 0 || !Flush(deadline).ok()) {
    return Lost("sending", false);
  }
  absl::Status status;
  while (true) {
    const absl::StatusOr<PGresult*> next = NextResult(deadline);
    if (!next.ok()) return Lost("waiting for an answer", false);
    if (*next == nullptr) return status;
    const ExecStatusType code = PQresultStatus(*next);
    if (status.ok() && code != PGRES_COMMAND_OK && code != PGRES_TUPLES_OK &&
        code != PGRES_EMPTY_QUERY) {
      status = ErrorOf(*next, "a statement", false);
    }
    PQclear(*next);
  }
}

absl::Status Connection::Copy(const std::string& query, const std::function<bool(Fields)>& visit) {
  if (PQsendQuery(handle_, Concat("COPY (", query, ") TO STDOUT (FORMAT binary)").c_str()) == 0 ||
      !Flush(Deadline()).ok()) {
    return Lost("sending", false);
  }
  const absl::StatusOr<PGresult*> begun = NextResult(Deadline());
  if (!begun.ok() || *begun == nullptr) return Lost("waiting for rows", false);
  const Result start(*begun);
  if (PQresultStatus(*begun) != PGRES_COPY_OUT) {
    absl::Status error = ErrorOf(*begun, "reading rows", false);
    while (PGresult* rest = PQgetResult(handle_)) PQclear(rest);
    return error;
  }
  std::vector<std::string_view> fields;
  bool first = true;
  while (true) {
    char* buffer = nullptr;
    int length = PQgetCopyData(handle_, &buffer, 1);
    for (const base::TimePoint deadline = Deadline(); length == 0;
         length = PQgetCopyData(handle_, &buffer, 1)) {
      if (!Wait(POLLIN, deadline).ok() || PQconsumeInput(handle_) == 0) {
        return Lost("reading rows", false);
      }
    }
    if (length < 0) break;
    std::string_view row(buffer, static_cast<size_t>(length));
    if (std::exchange(first, false)) row.remove_prefix(std::min(kCopyHeaderBytes, row.size()));
    const bool whole = SplitRow(row, fields);
    const bool more = whole && visit(fields);
    PQfreemem(buffer);
    if (whole && !more) {
      // The rest is of no interest; closing is cheaper than reading it.
      broken_ = true;
      return absl::OkStatus();
    }
  }
  absl::Status status;
  while (true) {
    const absl::StatusOr<PGresult*> next = NextResult(Deadline());
    if (!next.ok()) return Lost("reading rows", false);
    if (*next == nullptr) return status;
    if (status.ok() && PQresultStatus(*next) != PGRES_COMMAND_OK) {
      status = ErrorOf(*next, "reading rows", false);
    }
    PQclear(*next);
  }
}

bool Connection::Stale() {
  pollfd waiting{.fd = PQsocket(handle_), .events = POLLIN | POLLRDHUP, .revents = 0};
  if (!broken_ && poll(&waiting, 1, 0) != 0) {
    broken_ = PQconsumeInput(handle_) == 0 || PQstatus(handle_) == CONNECTION_BAD;
  }
  return broken_;
}

absl::StatusOr<int64_t> Connection::TakeNotifications() {
  if (PQconsumeInput(handle_) == 0) return Lost("listening", false);
  int64_t highest = 0;
  while (PGnotify* notification = PQnotifies(handle_)) {
    int64_t number = 0;
    const std::string_view text = notification->extra;
    std::from_chars(text.data(), text.data() + text.size(), number);
    highest = std::max(highest, number);
    PQfreemem(notification);
  }
  return highest;
}

}  // namespace kvshim::sql::postgres
