#include "clients.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "https_connection.h"

namespace kvshim::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kMoment{10};
// Of the body of an answer that is no success.
constexpr size_t kShownBytes = 300;

absl::Status Refused(unsigned code, const std::string& body) {
  const std::string said =
      base::Concat("the server answered ", code, ": ", body.substr(0, kShownBytes));
  return code == 409 ? absl::AlreadyExistsError(said) : absl::UnavailableError(said);
}

bool IsSuccess(unsigned code) { return code / 100 == 2; }

}  // namespace

class Clients::Client {
 public:
  Client(Clients& clients, int number)
      : clients_(clients), number_(number), connection_(clients.io_, clients.server_.tls()) {}

  absl::Status Open() { return connection_.Open(clients_.server_.port()); }
  void Close() { connection_.Close(); }

  void Start() {
    if (clients_.left_ == 0 || !clients_.status_.ok()) return;
    --clients_.left_;
    ++clients_.under_way_;
    begin_ = steady_clock::now();
    said_.clear();
    connection_.Ask(
        (*clients_.next_)(number_),
        [this](std::string_view piece) {
          said_.append(piece.substr(0, kShownBytes - std::min(said_.size(), kShownBytes)));
        },
        [this](const absl::Status& status, unsigned code) { Done(status, code); });
  }

 private:
  void Done(const absl::Status& status, unsigned code) {
    --clients_.under_way_;
    clients_.status_.Update(status);
    if (status.ok() && !IsSuccess(code)) clients_.status_.Update(Refused(code, said_));
    const Time now = steady_clock::now();
    if (clients_.status_.ok()) clients_.recorder_.Add(now - begin_, now);
    Start();
  }

  Clients& clients_;
  const int number_;
  HttpsConnection connection_;
  std::string said_;
  Time begin_;
};

Clients::Clients(ClusterServer& server) : server_(server) {}

absl::StatusOr<std::unique_ptr<Clients>> Clients::Open(ClusterServer& server, int count) {
  std::unique_ptr<Clients> clients(new Clients(server));
  for (int i = 0; i < count; ++i) {
    clients->clients_.push_back(std::make_unique<Client>(*clients, i));
    RETURN_IF_ERROR(clients->clients_.back()->Open());
  }
  return clients;
}

// What is under way is told of its end while all that it speaks of is there.
Clients::~Clients() {
  for (const auto& client : clients_) client->Close();
  left_ = 0;
  io_.restart();
  io_.poll();
}

void Clients::Begin(const Next& next, uint64_t count) {
  next_ = &next;
  left_ = count;
  io_.restart();
  for (const auto& client : clients_) client->Start();
}

void Clients::RunUntil(Time end) {
  while (status_.ok() && under_way_ > 0 && steady_clock::now() < end) io_.run_one_until(end);
}

void Clients::Drain() {
  left_ = 0;
  RunUntil(steady_clock::now() + kPatience);
  if (status_.ok() && under_way_ > 0) {
    status_ = absl::DeadlineExceededError(base::Concat(under_way_, " requests were not answered"));
  }
}

absl::StatusOr<Result> Clients::Run(const Next& next, std::chrono::milliseconds warmup,
                                    std::chrono::milliseconds duration) {
  Meter meter(server_.processes());
  Begin(next, UINT64_MAX);
  RunUntil(steady_clock::now() + warmup);
  RETURN_IF_ERROR(meter.Begin());
  recorder_.Begin();
  RunUntil(meter.begin() + duration);
  // Lists may take longer than that: it goes on until there are as many answers as clients.
  const Time deadline = meter.begin() + kPatience;
  while (status_.ok() && recorder_.operations() < clients_.size() &&
         steady_clock::now() < deadline) {
    RunUntil(steady_clock::now() + kMoment);
  }
  recorder_.End();
  RETURN_IF_ERROR(meter.End());
  Drain();
  RETURN_IF_ERROR(status_);
  return MakeResult(recorder_, meter);
}

absl::Status Clients::RunCount(const Next& next, uint64_t count) {
  Begin(next, count);
  const Time deadline = steady_clock::now() + kPatience * 4;
  RunUntil(deadline);
  if (status_.ok() && under_way_ > 0) {
    status_ = absl::DeadlineExceededError(base::Concat(left_, " requests were not sent in time"));
  }
  return status_;
}

absl::StatusOr<std::string> AskOnce(ClusterServer& server, const std::string& request) {
  boost::asio::io_context io;
  HttpsConnection connection(io, server.tls());
  RETURN_IF_ERROR(connection.Open(server.port()));
  std::string body;
  absl::Status ended = absl::DeadlineExceededError("the server did not answer");
  connection.Ask(
      request, [&](std::string_view piece) { body.append(piece); },
      [&](const absl::Status& status, unsigned code) {
        ended = !status.ok() || IsSuccess(code) ? status : Refused(code, body);
      });
  io.run_for(kPatience);
  RETURN_IF_ERROR(ended);
  return body;
}

}  // namespace kvshim::bench
