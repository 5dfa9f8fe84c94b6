// A server on loopback that answers with the bytes a test wants, when it wants: raw sockets, so that every fault can be
// had. With a certificate it speaks TLS.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace simsync {

struct ReceivedRequest {
  std::string method;
  std::string target;                          // path and query as they came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  int connection = 0;  // which of the server's connections, from 0
};

// One connection as its handler sees it. Reads and writes return false when the other side is gone.
class Peer {
 public:
  Peer(int socket, SSL* ssl, int number) : socket_(socket), ssl_(ssl), number_(number) {}
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool read_request(ReceivedRequest& request);
  bool write(const std::string& bytes);
  // A whole answer; kept alive.
  bool answer(int status, const std::string& body, const std::string& headers = "Content-Type: application/json\r\n");
  void reset();  // closes with RST
  void close();  // closes as it should be
  void shut();   // wakes whoever reads; from any thread
  [[nodiscard]] int socket() const { return socket_; }
  [[nodiscard]] int number() const { return number_; }
  // From here on the connection's bytes are passed on to and from `other`, until one side closes.
  void relay(int other);

 private:
  int read_some(char* to, int size);

  std::mutex mutex_;
  int socket_;
  SSL* ssl_;
  const int number_;
  std::string buffered_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Peer& peer)>;                             // a connection's whole life
  using Route = std::function<void(Peer& peer, const ReceivedRequest& got)>;  // one request

  explicit ScriptedServer(Script script, SSL_CTX* tls = nullptr);
  ~ScriptedServer();

  // A script that reads requests one after the other, notes them, and calls `route` for each.
  static std::unique_ptr<ScriptedServer> routed(Route route, SSL_CTX* tls = nullptr);

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int connections() const { return accepted_; }
  [[nodiscard]] std::vector<ReceivedRequest> requests() const;
  void note(const ReceivedRequest& request);

 private:
  void accept_all();
  void serve(int socket, int number);

  Script script_;
  SSL_CTX* tls_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::atomic<bool> ending_ = false;
  mutable std::mutex mutex_;
  std::vector<ReceivedRequest> requests_;
  std::list<Peer*> peers_;
  std::list<std::jthread> threads_;
  std::jthread acceptor_;
};

}  // namespace simsync
