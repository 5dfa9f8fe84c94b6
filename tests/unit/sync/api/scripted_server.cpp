#include "scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace simsync {

Peer::~Peer() {
  close();
}

int Peer::read_some(char* to, int size) {
  if (ssl_ != nullptr) return SSL_read(ssl_, to, size);
  return static_cast<int>(recv(socket_, to, static_cast<std::size_t>(size), 0));
}

bool Peer::read_request(ReceivedRequest& request) {
  request = {};
  request.connection = number_;
  std::array<char, 65536> chunk{};
  std::size_t end = std::string::npos;
  while ((end = buffered_.find("\r\n\r\n")) == std::string::npos) {
    const int n = read_some(chunk.data(), chunk.size());
    if (n <= 0) return false;
    buffered_.append(chunk.data(), static_cast<std::size_t>(n));
  }
  const std::string head = buffered_.substr(0, end + 2);
  buffered_.erase(0, end + 4);
  std::size_t line = head.find("\r\n");
  const std::size_t space = head.find(' ');
  request.method = head.substr(0, space);
  request.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
  while (line + 2 < head.size()) {
    const std::size_t start = line + 2;
    line = head.find("\r\n", start);
    std::string name = head.substr(start, head.find(':', start) - start);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::size_t value = head.find_first_not_of(' ', start + name.size() + 1);
    request.headers[name] = head.substr(value, line - value);
  }
  const std::size_t length =
      request.headers.count("content-length") != 0 ? std::stoul(request.headers["content-length"]) : 0;
  while (buffered_.size() < length) {
    const int n = read_some(chunk.data(), chunk.size());
    if (n <= 0) return false;
    buffered_.append(chunk.data(), static_cast<std::size_t>(n));
  }
  request.body = buffered_.substr(0, length);
  buffered_.erase(0, length);
  return true;
}

bool Peer::write(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto left = static_cast<int>(bytes.size() - sent);
    const auto n = ssl_ != nullptr ? SSL_write(ssl_, bytes.data() + sent, left)
                                   : send(socket_, bytes.data() + sent, static_cast<std::size_t>(left), MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

bool Peer::answer(int status, const std::string& body, const std::string& headers) {
  return write("HTTP/1.1 " + std::to_string(status) + " Any\r\n" + headers +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

void Peer::reset() {
  const linger now{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void Peer::close() {
  const std::lock_guard lock(mutex_);
  if (ssl_ != nullptr) SSL_free(ssl_);
  ssl_ = nullptr;
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void Peer::shut() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

void Peer::relay(int other) {
  std::array<pollfd, 2> both = {pollfd{socket_, POLLIN, 0}, pollfd{other, POLLIN, 0}};
  std::array<char, 65536> chunk{};
  while (poll(both.data(), both.size(), -1) > 0) {
    for (std::size_t i = 0; i < 2; ++i) {
      if (both[i].revents == 0) continue;
      const auto n = recv(both[i].fd, chunk.data(), chunk.size(), 0);
      if (n <= 0 || send(both[1 - i].fd, chunk.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) != n) return;
    }
  }
}

ScriptedServer::ScriptedServer(Script script, SSL_CTX* tls) : script_(std::move(script)), tls_(tls) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 128) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no loopback port");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  ending_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (Peer* const peer : peers_) peer->shut();
  }
  threads_.clear();
  close(listener_);
}

std::unique_ptr<ScriptedServer> ScriptedServer::routed(Route route, SSL_CTX* tls) {
  auto self = std::make_shared<ScriptedServer*>(nullptr);
  auto server = std::make_unique<ScriptedServer>(
      [self, route = std::move(route)](Peer& peer) {
        ReceivedRequest request;
        while (peer.read_request(request)) {
          (*self)->note(request);
          route(peer, request);
          if (peer.socket() < 0) return;
        }
      },
      tls);
  *self = server.get();
  return server;
}

std::vector<ReceivedRequest> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::note(const ReceivedRequest& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
}

void ScriptedServer::accept_all() {
  for (;;) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int number = accepted_++;
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, socket, number] { serve(socket, number); });
  }
}

void ScriptedServer::serve(int socket, int number) {
  SSL* ssl = nullptr;
  if (tls_ != nullptr) {
    ssl = SSL_new(tls_);
    SSL_set_fd(ssl, socket);
  }
  Peer peer(socket, ssl, number);
  {
    const std::lock_guard lock(mutex_);
    peers_.push_back(&peer);
    if (ending_) peer.shut();
  }
  if (ssl == nullptr || SSL_accept(ssl) == 1) script_(peer);
  const std::lock_guard lock(mutex_);
  peers_.remove(&peer);
}

}  // namespace simsync
