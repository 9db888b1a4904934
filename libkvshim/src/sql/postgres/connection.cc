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
constexpr std::string_view kStatementExists = "42P05";
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
    preparing = prepared_.insert(command.text).second;
    if (preparing &&
        PQsendPrepare(handle_, name.c_str(), command.text, given.count(), given.types()) == 0) {
      return absl::UnavailableError("cannot send");
    }
    sent = PQsendQueryPrepared(handle_, name.c_str(), given.count(), given.values(),
                               given.lengths(), given.formats(), 1);
  } else {
    sent = PQsendQueryParams(handle_, command.text, given.count(), given.types(), given.values(),
                             given.lengths(), given.formats(), 1);
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
      if (!prepared) prepared_.erase(command.text);
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
      if (preparing[skipped]) prepared_.erase(commands[skipped].text);
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

absl::StatusOr<Result> Connection::Execute(const char* text, Parameters parameters) {
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
