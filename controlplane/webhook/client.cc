#include "webhook/client.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "api/quote.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace kvplane::webhook {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;
using kvshim::base::Concat;
using kvshim::base::MutexLock;
using kvshim::base::ToAbsl;

constexpr size_t kMostAnswerBytes = size_t{3} << 20;
constexpr size_t kMostKept = 8;  // connections of one webhook that rest
constexpr std::chrono::seconds kLongestRest{60};
constexpr std::chrono::seconds kSlack{5};

absl::Status Error(std::string_view text) { return absl::UnavailableError(ToAbsl(text)); }

std::string InLowerCase(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(text[0]));
  return text;
}

struct Connection {
  Connection(asio::io_context& io, std::shared_ptr<asio::ssl::context> with)
      : context(std::move(with)), stream(io, *context) {}

  const std::shared_ptr<asio::ssl::context> context;
  beast::ssl_stream<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
  std::string distrust;  // why its certificate is not taken
  std::chrono::steady_clock::time_point rests_since;
};

// Connections that rest. The loop's thread only.
class Pool {
 public:
  std::unique_ptr<Connection> Take(const std::string& key) {
    Forget();
    std::vector<std::unique_ptr<Connection>>& kept = kept_[key];
    if (kept.empty()) return nullptr;
    std::unique_ptr<Connection> connection = std::move(kept.back());
    kept.pop_back();
    return connection;
  }
  void Put(const std::string& key, std::unique_ptr<Connection> connection) {
    std::vector<std::unique_ptr<Connection>>& kept = kept_[key];
    if (kept.size() >= kMostKept) return;
    connection->rests_since = std::chrono::steady_clock::now();
    kept.push_back(std::move(connection));
  }

 private:
  void Forget() {
    const auto limit = std::chrono::steady_clock::now() - kLongestRest;
    for (auto& [key, kept] : kept_) {
      std::erase_if(kept, [&](const auto& one) { return one->rests_since < limit; });
    }
    std::erase_if(kept_, [](const auto& entry) { return entry.second.empty(); });
  }

  std::map<std::string, std::vector<std::unique_ptr<Connection>>> kept_;
};

using Done = std::function<void(absl::StatusOr<std::string>)>;

// One request and its answer. The loop's thread only.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(asio::io_context& io, Pool& pool, Request request, Done done)
      : io_(io),
        pool_(pool),
        endpoint_(std::move(request.endpoint)),
        key_(Concat(endpoint_.host, ' ', endpoint_.port, ' ', endpoint_.server_name, ' ',
                    endpoint_.certificates)),
        done_(std::move(done)),
        timer_(io, request.timeout),
        resolver_(io) {
    message_.method(http::verb::post);
    message_.target(endpoint_.path);
    message_.version(11);
    message_.set(http::field::host, endpoint_.server_name);
    message_.set(http::field::content_type, "application/json");
    message_.set(http::field::accept, "application/json");
    message_.set(http::field::user_agent, "kvplane");
    message_.body() = std::move(request.body);
    message_.prepare_payload();
  }

  void Start() {
    timer_.async_wait([self = shared_from_this()](error_code failed) {
      if (!failed) self->Finish(Error("context deadline exceeded"));
    });
    connection_ = pool_.Take(key_);
    reused_ = connection_ != nullptr;
    reused_ ? Send() : Connect();
  }

 private:
  void Connect() {
    reused_ = false;
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    error_code failed;
    if (endpoint_.certificates.empty()) {
      context->set_default_verify_paths(failed);
    } else {
      context->add_certificate_authority(asio::buffer(endpoint_.certificates), failed);
    }
    if (failed) return Finish(Error("unable to load root certificates: " + failed.message()));
    connection_ = std::make_unique<Connection>(io_, std::move(context));
    auto& stream = connection_->stream;
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback([connection = connection_.get(),
                                by_name = asio::ssl::host_name_verification(endpoint_.server_name),
                                name = endpoint_.server_name](
                                   bool trusted, asio::ssl::verify_context& chain) mutable {
      const bool good = by_name(trusted, chain);
      if (!good && connection->distrust.empty()) {
        connection->distrust = trusted ? Concat("x509: certificate is not valid for ", name)
                                       : Distrust(X509_STORE_CTX_get_error(chain.native_handle()));
      }
      return good;
    });
    error_code no_address;
    asio::ip::make_address(endpoint_.server_name, no_address);
    if (no_address) {
      SSL_set_tlsext_host_name(stream.native_handle(), endpoint_.server_name.c_str());
    }
    // An address needs nobody to look it up.
    const auto address = asio::ip::make_address(endpoint_.host, no_address);
    uint16_t port = 0;
    const char* const end = endpoint_.port.data() + endpoint_.port.size();
    if (!no_address && std::from_chars(endpoint_.port.data(), end, port).ptr == end) {
      return Dial(asio::ip::tcp::resolver::results_type::create({address, port}, endpoint_.host,
                                                                endpoint_.port));
    }
    resolver_.async_resolve(endpoint_.host, endpoint_.port,
                            [self = shared_from_this()](error_code error, const auto& found) {
                              if (self->finished_) return;
                              if (!error) return self->Dial(found);
                              self->Finish(Error(Concat("dial tcp: lookup ", self->endpoint_.host,
                                                        ": ", InLowerCase(error.message()))));
                            });
  }

  void Dial(const asio::ip::tcp::resolver::results_type& found) {
    beast::get_lowest_layer(connection_->stream)
        .async_connect(found, [self = shared_from_this()](error_code refused, const auto&) {
          if (self->finished_) return;
          if (!refused) return self->Greet();
          self->Finish(Error(Concat("dial tcp ", self->endpoint_.host, ":", self->endpoint_.port,
                                    ": connect: ", InLowerCase(refused.message()))));
        });
  }

  static std::string Distrust(int error) {
    switch (error) {
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "x509: certificate signed by unknown authority";
      case X509_V_ERR_CERT_HAS_EXPIRED:
      case X509_V_ERR_CERT_NOT_YET_VALID:
        return "x509: certificate has expired or is not yet valid";
      default:
        return Concat("x509: ", std::string_view(X509_verify_cert_error_string(error)));
    }
  }

  void Greet() {
    connection_->stream.async_handshake(
        asio::ssl::stream_base::client, [self = shared_from_this()](error_code error) {
          if (self->finished_) return;
          if (!error) return self->Send();
          const std::string& distrust = self->connection_->distrust;
          self->Finish(Error(distrust.empty() ? "tls: " + InLowerCase(error.message())
                                              : "tls: failed to verify certificate: " + distrust));
        });
  }

  void Send() {
    http::async_write(connection_->stream, message_,
                      [self = shared_from_this()](error_code error, size_t) {
                        if (self->finished_) return;
                        error ? self->Broken(error) : self->Receive();
                      });
  }

  void Receive() {
    parser_.emplace();
    parser_->body_limit(kMostAnswerBytes);
    http::async_read(connection_->stream, connection_->buffer, *parser_,
                     [self = shared_from_this()](error_code error, size_t) {
                       if (self->finished_) return;
                       error ? self->Broken(error) : self->Answered();
                     });
  }

  // A kept connection may have been closed meanwhile: then nothing of an answer has come.
  void Broken(error_code error) {
    if (reused_ && (!parser_.has_value() || !parser_->got_some())) return Connect();
    Finish(Error(InLowerCase(error.message())));
  }

  void Answered() {
    const auto& response = parser_->get();
    const unsigned status = response.result_int();
    absl::StatusOr<std::string> answer = response.body();
    if (status < 200 || status > 299) {
      answer = absl::InternalError(Concat("the server responded with the status code ", status,
                                          " but did not return more information"));
    }
    if (response.keep_alive()) pool_.Put(key_, std::move(connection_));
    Finish(std::move(answer));
  }

  void Finish(absl::StatusOr<std::string> answer) {
    if (std::exchange(finished_, true)) return;
    timer_.cancel();
    resolver_.cancel();
    if (connection_ != nullptr) {
      error_code ignored;
      beast::get_lowest_layer(connection_->stream).socket().close(ignored);
    }
    if (absl::IsUnavailable(answer.status())) {
      answer = Error(Concat("Post ", api::Quoted(endpoint_.url), ": ",
                            kvshim::base::FromAbsl(answer.status().message())));
    }
    std::exchange(done_, nullptr)(std::move(answer));
  }

  asio::io_context& io_;
  Pool& pool_;
  const Endpoint endpoint_;
  const std::string key_;
  Done done_;
  asio::steady_timer timer_;
  asio::ip::tcp::resolver resolver_;
  std::unique_ptr<Connection> connection_;
  bool reused_ = false;
  bool finished_ = false;
  http::request<http::string_body> message_;
  std::optional<http::response_parser<http::string_body>> parser_;
};

// Answers that are waited for.
struct Answers {
  kvshim::base::Mutex mutex;
  kvshim::base::Condition all_came;
  std::vector<absl::StatusOr<std::string>> list GUARDED_BY(mutex);
  size_t missing GUARDED_BY(mutex) = 0;
};

class LoopClient : public Client {
 public:
  LoopClient() : thread_([this] { Run(); }) {}
  ~LoopClient() override {
    io_.stop();
    thread_.join();
  }

  std::vector<absl::StatusOr<std::string>> Ask(std::vector<Request> requests) override {
    auto answers = std::make_shared<Answers>();
    std::chrono::milliseconds longest{0};
    {
      MutexLock lock(answers->mutex);
      answers->list.assign(requests.size(), Error("context deadline exceeded"));
      answers->missing = requests.size();
    }
    for (size_t i = 0; i < requests.size(); ++i) {
      longest = std::max(longest, requests[i].timeout);
      asio::post(io_, [this, answers, i, request = std::move(requests[i])]() mutable {
        std::make_shared<Exchange>(io_, pool_, std::move(request),
                                   [answers, i](absl::StatusOr<std::string> answer) {
                                     MutexLock lock(answers->mutex);
                                     answers->list[i] = std::move(answer);
                                     if (--answers->missing == 0) answers->all_came.NotifyAll();
                                   })
            ->Start();
      });
    }
    // Each exchange ends by itself; the deadline is for a loop that is gone.
    const auto deadline = std::chrono::steady_clock::now() + longest + kSlack;
    MutexLock lock(answers->mutex);
    while (answers->missing > 0 && answers->all_came.WaitUntil(answers->mutex, deadline)) {
    }
    return answers->list;
  }

 private:
  void Run() {
    pthread_setname_np(pthread_self(), "kp-webhooks");
    io_.run();
  }

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  Pool pool_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Client> Client::Make() { return std::make_unique<LoopClient>(); }

}  // namespace kvplane::webhook
