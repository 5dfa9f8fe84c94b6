// A client that speaks, or does not, byte by byte; for tests of the listener.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace simsync {

class RawClient {
 public:
  explicit RawClient(const std::string& address) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
      throw std::runtime_error("cannot connect to " + address);
    }
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False: the other side has closed.
  bool say(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // All until the other side closes; throws where it does not within half a minute.
  [[nodiscard]] std::string hear() const {
    std::string all;
    std::array<char, 65536> part{};
    for (;;) {
      pollfd one{socket_, POLLIN, 0};
      if (::poll(&one, 1, 30'000) <= 0) throw std::runtime_error("nothing more came, and no end");
      const ssize_t length = ::recv(socket_, part.data(), part.size(), 0);
      if (length <= 0) return all;
      all.append(part.data(), static_cast<std::size_t>(length));
    }
  }

  [[nodiscard]] std::string ask(std::string_view request) const { return say(request) ? hear() : std::string{}; }

  [[nodiscard]] bool is_closed_within(std::chrono::milliseconds time) const {
    pollfd one{socket_, POLLIN, 0};
    if (::poll(&one, 1, static_cast<int>(time.count())) <= 0) return false;
    char byte;
    return ::recv(socket_, &byte, 1, MSG_PEEK) <= 0;
  }

 private:
  int socket_ = -1;
};

}  // namespace simsync
