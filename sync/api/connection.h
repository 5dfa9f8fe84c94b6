// One kept-alive connection to the API and what it takes to end a request on it from outside: a limit for the whole
// request, also for a server that sends one byte at a time, and stop. The only file that names httplib is
// connection.cpp; what is relied on in its threads is written there. Nothing here retries or knows a resource.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "sync/api/api_address.h"
#include "sync/api/page_parser.h"
#include "sync/api/socket_tap.h"

namespace simsync {

struct ConnectionSettings {
  ApiAddress address;
  std::optional<Proxy> proxy;
  std::string ca_file;                                       // empty: the system's
  std::chrono::milliseconds timeout{};                       // whole request
  std::vector<std::pair<std::string, std::string>> headers;  // sent with every request, to the API only
};

struct HttpRequest {
  const char* method = "GET";
  std::string path;            // encoded
  std::string body;            // JSON; empty: none
  std::size_t body_limit = 0;  // of the answer, after decompression
};

// How a request ended.
enum class Transmission {
  answered,
  unsent,     // no connection, so the server saw nothing of it
  tls,        // the server's certificate or the handshake was refused; unsent, too
  broken,     // the connection ended within the request or the answer: the server may have acted on it
  timeout,    // the whole-request limit passed; the server may have acted on it
  too_large,  // the answer passed its bound
  stopped,
};

struct HttpOutcome {
  Transmission delivery = Transmission::unsent;
  bool maybe_stale = false;  // broken without a byte of answer on a connection that had been idle
  int status = 0;            // with `answered`, and the rest too; the body is in Connection::body()
  std::string content_type;
  std::string retry_after;
  std::string error;  // what the library says, for a message
};

// send() and the parser belong to the thread that has leased the connection; check() may run in another one meanwhile.
class Connection {
 public:
  explicit Connection(const ConnectionSettings& settings);  // which outlive this
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&&) = delete;
  Connection& operator=(Connection&&) = delete;

  // Sends and waits for the whole answer, for the settings' timeout at most. Blocks; throws only std::bad_alloc.
  // With `fresh` an idle connection is not used.
  HttpOutcome send(const HttpRequest& request, const std::stop_token& stop, bool fresh);

  // The last answer's body; its buffer is used again, and the parser may scribble on it.
  [[nodiscard]] std::string& body() { return body_; }
  [[nodiscard]] PageParser& parser() { return parser_; }

  // Ends the request under way if it is overdue or floods. To be called every so often, from the pool's watchdog.
  void check(std::chrono::steady_clock::time_point now);

 private:
  struct Client;
  enum class Ended { no, timeout, stopped, too_large };

  void begin(std::size_t body_limit);
  Ended finish();
  void end(Ended why);
  void tap(int socket);
  bool prepare(bool fresh, std::chrono::steady_clock::time_point deadline, const std::stop_token& stop,
               HttpOutcome& outcome);
  void exchange(const HttpRequest& request, HttpOutcome& outcome);
  void connect_and_exchange(const HttpRequest& request, HttpOutcome& outcome);

  const ConnectionSettings& settings_;
  std::unique_ptr<Client> client_;
  PageParser parser_;
  std::string body_;
  std::vector<std::string> addresses_;  // still to be tried for the connection to be made
  std::chrono::steady_clock::time_point used_at_{};

  std::mutex mutex_;  // guards what follows; never held while the library works
  SocketTap tap_;
  Ended ended_ = Ended::no;
  bool in_flight_ = false;
  bool tapped_ = false;  // a socket was made for this request
  std::chrono::steady_clock::time_point deadline_{};
  std::optional<std::uint64_t> bytes_before_;  // looked up by check(), not by every request
  std::size_t byte_limit_ = 0;
};

}  // namespace simsync
